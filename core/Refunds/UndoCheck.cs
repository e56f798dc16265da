using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Refunds;

/// <summary>I10: refunds(x) is at most amount(x), and owner(x) is unique. What breaks it is still a fact: it is taken in and reported.</summary>
public static class UndoCheck
{
    /// <summary>What is wrong with a void or refund in words, or null.</summary>
    /// <param name="op">The void or refund.</param>
    /// <param name="original">The op that it names, or null where there is none.</param>
    /// <param name="known">What was undone of that op before.</param>
    /// <param name="hasAliases">Whether the member has taken others in: what they bought is given back here, and their own stream knows who has the right.</param>
    public static string? Find(Op op, OwnOp? original, UndoneOp known, bool hasAliases = false)
    {
        if (original is null)
        {
            return $"it undoes op {known.Id}, which is not here";
        }

        var isOfAlias = hasAliases && original.Member != op.Member;
        if ((original.Member != op.Member && !isOfAlias) || !IsUndoable(op.Type, original.Type))
        {
            return $"op {known.Id} is a {original.Type} of member {original.Member} and cannot be undone this way";
        }

        if (!isOfAlias && known.Right.Holder != op.Id.Holder)
        {
            return $"I10: the right to undo op {known.Id} is with {known.Right.Holder}";
        }

        if (!isOfAlias && !original.StaysAtItsStore && known.Right.IsGivenUpBy(op.ClosedUpTo))
        {
            return $"I10: the right to undo op {known.Id} was given up with the day close {op.ClosedUpTo}";
        }

        return known.IsVoided ? $"I10: op {known.Id} was voided before"
            : op.Type == OpType.Void && known.GivenBack.Count > 0 ? $"I10: op {known.Id} was refunded in part before it was voided"
            : FindExcess(original, known.With(op));
    }

    /// <summary>Whether an op of this kind can be undone at all.</summary>
    public static bool IsUndoable(OpType type) => type is OpType.Sale or OpType.TopUp or OpType.Redeem;

    /// <summary>Whether anything of an op is left to be undone.</summary>
    public static bool HasLeft(OwnOp op) =>
        IsUndoable(op.Type) && !op.IsVoided && (op.RefundableMinor > 0 || op.GivenBack.Count == 0);

    private static bool IsUndoable(OpType by, OpType type) => by == OpType.Refund ? type == OpType.Sale : IsUndoable(type);

    private static string? FindExcess(OwnOp original, UndoneOp after)
    {
        foreach (var isMoney in (ReadOnlySpan<bool>)[true, false])
        {
            foreach (var (undone, done) in (ReadOnlySpan<(MoveKind, MoveKind)>)[(MoveKind.Credit, MoveKind.Debit), (MoveKind.Debit, MoveKind.Credit)])
            {
                // A stored payment that was made is principal, and brought the bonus that was promised.
                var promised = isMoney && done == MoveKind.Credit ? original.PromisedBonusMinor : 0;
                var (back, most) = (Sum(after.GivenBack, undone, isMoney), checked(Sum(original.Moves, done, isMoney) + promised));
                if (back > most)
                {
                    return $"I10: {back} {(isMoney ? "minor units" : "points")} of op {after.Id} are undone, but it moved {most}";
                }
            }
        }

        return null;
    }

    // What was sold on account is undone by settling it, and what a voided top-up cannot give back is owed: the sums are the same.
    private static MoveKind WayOf(MoveKind kind) => kind switch
    {
        MoveKind.Advance => MoveKind.Debit,
        MoveKind.Settle => MoveKind.Credit,
        _ => kind,
    };

    private static long Sum(IReadOnlyList<Move> moves, MoveKind kind, bool isMoney) =>
        moves.Where(move => WayOf(move.Kind) == kind && isMoney == (move.Bucket.Kind != BucketKind.Points)).Sum(move => move.AmountMinor);
}
