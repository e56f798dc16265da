using System.Security.Cryptography;
using System.Text;
using SyncHub.Core.Primitives;

namespace SyncHub.Core.Cases;

/// <summary>The name of a case: when it was opened and what it is about, so that cases sort by time and one thing never makes two in one commit.</summary>
/// <remarks>Derived, never drawn: whoever decides the same thing again names the same case. Text form as a member's number.</remarks>
public readonly record struct CaseId(UInt128 Value) : IComparable<CaseId>
{
    /// <summary>The id of the case of this kind about <paramref name="subject"/>, opened at that time.</summary>
    public static CaseId Of(CaseKind kind, string subject, long openedAtMs) =>
        new(MemberId.Create(openedAtMs, SHA256.HashData(Encoding.UTF8.GetBytes($"{(int)kind}|{subject}"))).Value);

    /// <summary>Reads the text form.</summary>
    public static bool TryParse(string? text, out CaseId id)
    {
        var isId = MemberId.TryParse(text, out var parsed);
        id = new CaseId(parsed.Value);
        return isId;
    }

    /// <summary>The 16 bytes, big-endian: their order is the order of opening.</summary>
    public byte[] ToBytes() => new MemberId(Value).ToBytes();

    /// <inheritdoc/>
    public int CompareTo(CaseId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => new MemberId(Value).ToString();
}
