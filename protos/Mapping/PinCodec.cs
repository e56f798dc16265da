using System.Security.Cryptography;
using System.Text;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>PINs of cashiers: what the hub gives to a store, and how the store checks a PIN against it.</summary>
/// <remarks>
/// A PIN has few values, so a slow hash alone would not keep it: whoever has a store's database lacks the store's pepper, which is a key outside of it.
/// </remarks>
public static class PinCodec
{
    /// <summary>Rounds of PBKDF2 for a new PIN; about 50 ms of one core.</summary>
    public const int Iterations = 100_000;

    /// <summary>Bytes of a salt.</summary>
    public const int SaltBytes = 16;

    /// <summary>Bytes of a pepper, of what is derived from a PIN, and of a verifier.</summary>
    public const int KeyBytes = 32;

    private const int Fewest = 4;
    private const int Most = 12;

    // For names that nobody has: the answer must take as long as for one that somebody has.
    private static readonly Wire.CashierEntry Nobody = new() { Salt = Google.Protobuf.ByteString.CopyFrom(new byte[SaltBytes]), Iterations = Iterations, Verifier = Google.Protobuf.ByteString.CopyFrom(new byte[KeyBytes]) };

    /// <summary>Why a PIN may not be used, or null.</summary>
    public static string? FindFault(string pin) =>
        pin.Length is < Fewest or > Most || pin.AsSpan().ContainsAnyExceptInRange('0', '9') ? $"A PIN has {Fewest} to {Most} digits; six are better than four."
        : pin.Distinct().Count() < 3 || "01234567890123456789".Contains(pin, StringComparison.Ordinal) || "98765432109876543210".Contains(pin, StringComparison.Ordinal) ? "This PIN is among the first that everybody tries."
        : null;

    /// <summary>What is derived from a PIN; as secret as the PIN.</summary>
    public static byte[] Derive(string pin, ReadOnlySpan<byte> salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(pin), salt, iterations, HashAlgorithmName.SHA512, KeyBytes);

    /// <summary>What one store gets of it.</summary>
    public static byte[] Verifier(ReadOnlySpan<byte> pepper, ReadOnlySpan<byte> derived) => HMACSHA256.HashData(pepper, derived);

    /// <summary>Whether a PIN is the one; takes the same time for nobody's.</summary>
    public static bool IsRight(string pin, Wire.CashierEntry? entry, ReadOnlySpan<byte> pepper) => IsRight(pin, entry, pepper, Derive);

    /// <inheritdoc cref="IsRight(string, Wire.CashierEntry?, ReadOnlySpan{byte})"/>
    /// <param name="pin">What was typed.</param>
    /// <param name="entry">Whose; null: nobody's.</param>
    /// <param name="pepper">The store's.</param>
    /// <param name="derive">The slow part, <see cref="Derive"/>: done once, with the same rounds, whoever is asked for. Tests count it.</param>
    public static bool IsRight(string pin, Wire.CashierEntry? entry, ReadOnlySpan<byte> pepper, PinDerivation derive)
    {
        ArgumentNullException.ThrowIfNull(derive);
        var known = entry is { Iterations: > 0, Verifier.Length: KeyBytes } && pepper.Length == KeyBytes ? entry : Nobody;
        return CryptographicOperations.FixedTimeEquals(Verifier(pepper, derive(pin, known.Salt.Span, known.Iterations)), known.Verifier.Span) & !ReferenceEquals(known, Nobody);
    }
}
