namespace SyncHub.Core.Primitives;

/// <summary>The name of an op: its holder's log and its number there (from 1, without gaps).</summary>
public readonly record struct OpId(Holder Holder, long Sequence) : IComparable<OpId>
{
    /// <summary>By holder, then in the order of its log.</summary>
    public int CompareTo(OpId other) => Holder != other.Holder ? Holder.CompareTo(other.Holder) : Sequence.CompareTo(other.Sequence);

    /// <inheritdoc/>
    public override string ToString() => $"{Holder}#{Sequence}";
}
