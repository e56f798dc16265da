using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Ops;

/// <summary>What can be wrong with an op in itself, before any balance is looked at.</summary>
/// <remarks>A healthy agent never writes such an op. The hub keeps one that arrives, moves no money for it and opens a case.</remarks>
public static class OpDefects
{
    /// <summary>The first defect of <paramref name="op"/> in words, or null where there is none.</summary>
    public static string? Find(Op op)
    {
        if (op.Type is < OpType.TopUp or > OpType.CloseIncarnation)
        {
            return $"op type {(int)op.Type} is not known to this version";
        }

        if (!op.IsOfStore && op.Member == default)
        {
            return "the op names no member";
        }

        if (op.Type == OpType.CloseIncarnation && (op.Moves.Count > 0 || op.Member != default))
        {
            return "the end of a life moves nothing and names no member";
        }

        foreach (var move in op.Moves)
        {
            if (FindIn(op.Type, move) is { } defect)
            {
                return defect;
            }
        }

        var distinct = op.Moves.Select(move => (move.Kind, move.Bucket)).Distinct().Count();
        return distinct != op.Moves.Count ? "two moves of one kind on one bucket" : null;
    }

    private static string? FindIn(OpType type, Move move)
    {
        if (move.AmountMinor is <= 0 or > Amount.LargestRequestMinor * 1000)
        {
            return $"a move of {move.AmountMinor} minor units";
        }

        if (move.Bucket.Kind is < BucketKind.Principal or > BucketKind.Lot)
        {
            return $"bucket kind {(int)move.Bucket.Kind} is not known to this version";
        }

        if (move.Kind is < MoveKind.Credit or > MoveKind.Relinquish)
        {
            return $"move kind {(int)move.Kind} is not known to this version";
        }

        return (move.Kind == MoveKind.Relinquish) != (type == OpType.Relinquish) ? $"a move of kind {move.Kind} in a {type}" : null;
    }
}
