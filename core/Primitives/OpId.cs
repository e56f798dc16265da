namespace SyncHub.Core.Primitives;

/// <summary>The name of an op: its holder's log and its number there (from 1, without gaps).</summary>
public readonly record struct OpId(Holder Holder, long Sequence)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Holder}#{Sequence}";
}
