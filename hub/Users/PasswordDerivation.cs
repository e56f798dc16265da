namespace SyncHub.Hub.Users;

/// <summary>What makes a hash of a password, slowly.</summary>
internal delegate byte[] PasswordDerivation(string password, ReadOnlySpan<byte> salt, int iterations);
