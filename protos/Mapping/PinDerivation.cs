namespace SyncHub.Protos.Mapping;

/// <summary>The slow part of a check of a PIN: from a PIN, a salt and a number of rounds to 32 bytes.</summary>
public delegate byte[] PinDerivation(string pin, ReadOnlySpan<byte> salt, int iterations);
