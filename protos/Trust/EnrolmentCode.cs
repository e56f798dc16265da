using System.Security.Cryptography;
using System.Text;

namespace SyncHub.Protos.Trust;

/// <summary>What HQ gives a store's machine: a one-time secret for the hub, and the fingerprint by which the machine knows the right hub before it says a word.</summary>
/// <param name="Secret">Goes to the hub.</param>
/// <param name="Fingerprint">100 bits of the SHA-256 of the certificate of the hub's authority; empty for a hub that runs without certificates.</param>
public sealed record EnrolmentCode(string Secret, string Fingerprint)
{
    /// <summary>The characters of a code: none is taken for another when it is read aloud.</summary>
    public const string Alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    /// <summary>50 bits: with ten wrong tries a minute and half an hour of life a guess is hopeless.</summary>
    public const int SecretLength = 10;

    private const int FingerprintLength = 20;
    private const int GroupLength = 5;
    private const int BitsPerCharacter = 5;

    /// <summary>The fingerprint of a certificate.</summary>
    public static string FingerprintOf(ReadOnlySpan<byte> certificate)
    {
        var hash = SHA256.HashData(certificate);
        var text = new StringBuilder(FingerprintLength);
        for (var bit = 0; bit < FingerprintLength * BitsPerCharacter; bit += BitsPerCharacter)
        {
            var two = (hash[bit / 8] << 8) | hash[(bit / 8) + 1];
            text.Append(Alphabet[(two >> (16 - BitsPerCharacter - (bit % 8))) & 31]);
        }

        return text.ToString();
    }

    /// <summary>Reads a code as people copy it: in groups or not, in whatever case. Null where it is none.</summary>
    public static EnrolmentCode? TryParse(string text)
    {
        var bare = new string([.. text.Where(character => character is not ('-' or ' ')).Select(char.ToUpperInvariant)]).Trim();
        return bare.All(character => Alphabet.Contains(character, StringComparison.Ordinal)) && bare.Length is SecretLength or SecretLength + FingerprintLength
            ? new EnrolmentCode(bare[..SecretLength], bare[SecretLength..])
            : null;
    }

    /// <summary>As it is printed, in groups of five.</summary>
    public override string ToString() => string.Join('-', (Secret + Fingerprint).Chunk(GroupLength).Select(group => new string(group)));
}
