using SyncHub.Core.Primitives;

namespace SyncHub.Core.Profiles;

/// <summary>The name of an op that added a tag.</summary>
/// <param name="Op">Its number in its store's log.</param>
/// <param name="HashHead">The head of its hash. A machine and its copy write different ops under one number; their hashes tell them apart. 0: a tag of
/// headquarters, or the word of a program of before heads were said; that names every op of the number.</param>
/// <remarks>The hash is already in both logs, and says what came before: so a name needs no randomness at the store, and stays the same in whatever chain the hub keeps the op.</remarks>
public readonly record struct Dot(OpId Op, ulong HashHead = 0) : IComparable<Dot>
{
    /// <inheritdoc/>
    public int CompareTo(Dot other)
    {
        var order = Op.CompareTo(other.Op);
        return order != 0 ? order : HashHead.CompareTo(other.HashHead);
    }

    /// <summary>Whether both may be the same op.</summary>
    public bool Names(Dot other) => Op == other.Op && (HashHead == other.HashHead || HashHead == 0 || other.HashHead == 0);

    /// <inheritdoc/>
    public override string ToString() => HashHead == 0 ? $"{Op}" : $"{Op}:{HashHead:x16}";
}
