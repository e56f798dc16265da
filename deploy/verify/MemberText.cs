namespace SyncHub.Verify;

/// <summary>A member's number as people write it.</summary>
public static class MemberText
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>The 26 characters of the ULID (Crockford's base 32, github.com/ulid/spec).</summary>
    public static string Of(UInt128 member) => string.Create(26, member, static (text, rest) =>
    {
        for (var i = text.Length - 1; i >= 0; i--)
        {
            text[i] = Alphabet[(int)(uint)(rest & 31)];
            rest >>= 5;
        }
    });
}
