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
        if (op.Type is not (>= OpType.TopUp and <= OpType.TagRemove or OpType.AliasOut or OpType.AliasIn or OpType.Unfollow or OpType.Follow))
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

        if (FindOutside(op) is { } outside)
        {
            return outside;
        }

        if (op.Type is OpType.AliasOut or OpType.AliasIn && FindInAlias(op) is { } misnamed)
        {
            return misnamed;
        }

        for (var i = 0; i < op.Moves.Count; i++)
        {
            if (FindIn(op, op.Moves[i]) is { } defect)
            {
                return defect;
            }
        }

        return HasTwoOfAKind(op.Moves) ? "two moves of one kind on one bucket" : null;
    }

    private static string? FindInAlias(Op op)
    {
        var way = op.Type == OpType.AliasOut ? MoveKind.Debit : MoveKind.Credit;
        return op.OtherMember == default || op.OtherMember == op.Member || op.Moves.Any(move => move.Kind != way)
            ? $"an {op.Type} names another member and has moves of kind {way} only"
            : null;
    }

    // Each op is looked at twice in its life, and nearly all have a few moves: those are compared with each other.
    private static bool HasTwoOfAKind(IReadOnlyList<Move> moves)
    {
        const int Few = 16;
        if (moves.Count > Few)
        {
            return moves.Select(move => (move.Kind, move.Bucket)).Distinct().Count() != moves.Count;
        }

        for (var i = 1; i < moves.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (moves[i].Kind == moves[j].Kind && moves[i].Bucket == moves[j].Bucket)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static string? FindOutside(Op op) =>
        op.Type is OpType.CloseDay or OpType.RegisterMember or OpType.ProfileSet or OpType.TagAdd or OpType.TagRemove or OpType.Unfollow or OpType.Follow && op.Moves.Count > 0 ? $"value moves in a {op.Type}"
        : op.Type is OpType.Void or OpType.Refund && op.Reference is null ? $"a {op.Type} that names no op"
        : op.Type == OpType.Adjust && op.Moves.Count == 0 ? "an Adjust that moves nothing"
        : !IsPlausible(op.BillMinor) || !IsPlausible(op.DiscountMinor) || !IsPlausible(op.OtherTenderMinor) || !IsPlausible(op.PromisedBonusMinor) ? "a bill, discount, tender or bonus beyond all measure"
        : null;

    // The hub adds bills up: one beyond all measure must not make the sum overflow.
    private static bool IsPlausible(long minor) => minor is >= 0 and <= Amount.LargestMoveMinor;

    private static string? FindIn(Op op, Move move)
    {
        if (move.AmountMinor is <= 0 or > Amount.LargestMoveMinor)
        {
            return $"a move of {move.AmountMinor} minor units";
        }

        if (move.Bucket.Kind is not (BucketKind.Principal or BucketKind.Points or BucketKind.Lot or BucketKind.Credit or BucketKind.Pending))
        {
            return $"bucket kind {(int)move.Bucket.Kind} is not known to this version";
        }

        if (move.Bucket.Kind != BucketKind.Lot && move.Bucket.Lot != default)
        {
            return $"a lot of {move.Bucket.Kind}";
        }

        if (move.Kind is < MoveKind.Credit or > MoveKind.Settle)
        {
            return $"move kind {(int)move.Kind} is not known to this version";
        }

        return (move.Kind == MoveKind.Relinquish) != (op.Type == OpType.Relinquish) ? $"a move of kind {move.Kind} in a {op.Type}" : FindInPending(op, move) ?? FindInCredit(op, move);
    }

    // Pending value comes with a top-up and goes with its void or the decision on its payment; it is never handed back.
    private static string? FindInPending(Op op, Move move)
    {
        var isRight = move.Bucket != Bucket.Pending
            || (move.Kind == MoveKind.Credit ? op.Type == OpType.TopUp : move.Kind == MoveKind.Debit && (op.Type == OpType.Void || op is { Type: OpType.Adjust, Reference: not null }));
        return isRight ? null : $"a {move.Kind} of pending value in a {op.Type}";
    }

    // A debt comes with a sale or with a top-up that cannot be taken back, and goes with what undoes a sale; credit is used by sales only.
    private static string? FindInCredit(Op op, Move move)
    {
        var isRight = (move.Kind, move.Bucket.Kind, op.Type) switch
        {
            (MoveKind.Advance, BucketKind.Principal, OpType.Sale or OpType.Void) or (MoveKind.Advance, BucketKind.Lot, OpType.Void) => true,
            (MoveKind.Settle, BucketKind.Principal, OpType.Void or OpType.Refund) => true,
            (MoveKind.Debit, BucketKind.Credit, OpType.Sale) or (MoveKind.Relinquish, BucketKind.Credit, OpType.Relinquish) => true,
            _ => move.Kind is not (MoveKind.Advance or MoveKind.Settle) && move.Bucket.Kind != BucketKind.Credit,
        };
        return isRight ? null : $"a {move.Kind} of {move.Bucket.Kind} on account in a {op.Type}";
    }
}
