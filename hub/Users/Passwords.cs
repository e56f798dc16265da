using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using SyncHub.V1;

namespace SyncHub.Hub.Users;

/// <summary>Hashes of passwords: PBKDF2-HMAC-SHA512 with a salt of its own each.</summary>
/// <remarks>
/// <see cref="Iterations"/> is what OWASP's password storage cheat sheet asks of PBKDF2-HMAC-SHA512. A hash keeps the number that it was made with, and is made anew with the
/// present one when its owner next signs in, so the number can be raised at any time.
/// </remarks>
internal static class Passwords
{
    /// <summary>Rounds of a new hash; about 0.1 s of one core.</summary>
    public const int Iterations = 210_000;

    /// <summary>Fewest characters.</summary>
    public const int Shortest = 12;

    /// <summary>Most characters; more would only be work for whoever sends them.</summary>
    public const int Longest = 128;

    private const int Scheme = 1;
    private const int SaltBytes = 16;
    private const int HashBytes = 64;

    // For names that nobody has: the answer must take as long as for one that somebody has.
    private static readonly PasswordHash Nobody = Hash(Convert.ToHexString(RandomNumberGenerator.GetBytes(16)));

    /// <summary>Why a password may not be used, or null.</summary>
    public static string? FindFault(string user, string password) =>
        password.Length is < Shortest or > Longest ? $"A password has {Shortest} to {Longest} characters."
        : password.Distinct().Count() < 5 || password.Contains(user, StringComparison.OrdinalIgnoreCase) ? "A password must not be the user's name with something around it, nor a few characters over and over."
        : null;

    /// <summary>The hash of a new password.</summary>
    public static PasswordHash Hash(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new PasswordHash
        {
            Scheme = Scheme,
            Iterations = Iterations,
            Salt = ByteString.CopyFrom(salt),
            Hash = ByteString.CopyFrom(Derive(password, salt, Iterations)),
        };
    }

    /// <summary>Whether a password is the one; takes the same time for a user who does not exist, or has none.</summary>
    public static bool IsRight(string password, PasswordHash? hash) => IsRight(password, hash, Derive);

    /// <inheritdoc cref="IsRight(string, PasswordHash?)"/>
    /// <param name="password">What was typed.</param>
    /// <param name="hash">Whose; null: nobody's.</param>
    /// <param name="derive">The slow part: done once, with the same rounds, whoever is asked for. Tests count it.</param>
    public static bool IsRight(string password, PasswordHash? hash, PasswordDerivation derive)
    {
        var known = hash is { Scheme: Scheme, Iterations: > 0, Hash.Length: HashBytes } ? hash : Nobody;
        return CryptographicOperations.FixedTimeEquals(derive(password, known.Salt.Span, known.Iterations), known.Hash.Span) & !ReferenceEquals(known, Nobody);
    }

    /// <summary>Whether it should be made anew.</summary>
    public static bool IsOld(PasswordHash hash) => hash.Scheme != Scheme || hash.Iterations < Iterations;

    private static byte[] Derive(string password, ReadOnlySpan<byte> salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, iterations, HashAlgorithmName.SHA512, HashBytes);
}
