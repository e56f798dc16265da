using System.Security.Cryptography;
using System.Text;

namespace SyncHub.Demo.Replay;

/// <summary>Made-up names and card numbers: the same member of a trace always has the same.</summary>
public static class Cards
{
    private const int LongestCard = 40;
    private static readonly string[] First = ["Ada", "Bo", "Chen", "Dana", "Eli", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kim", "Lea", "Mei", "Noor", "Omar", "Pia"];
    private static readonly string[] Last = ["Adler", "Brook", "Cao", "Diaz", "Evans", "Fuchs", "Garcia", "Huang", "Ito", "Jones", "Khan", "Li", "Moore", "Novak", "Okoro", "Patel"];

    /// <summary>A card number of at most 40 characters; long or odd trace names are hashed.</summary>
    public static string NumberOf(string member)
    {
        ArgumentNullException.ThrowIfNull(member);
        var plain = $"DEMO-{member}";
        return plain.Length <= LongestCard && member.All(char.IsAsciiLetterOrDigit)
            ? plain
            : $"DEMO.{Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(member)).AsSpan(0, 12))}";
    }

    /// <summary>A name that no real person had to lend.</summary>
    public static string NameOf(string member)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(member));
        return $"{First[hash[0] % First.Length]} {Last[hash[1] % Last.Length]}";
    }
}
