using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>The part of check 6 that looks at refund rights: a right moves only from a closed day, and the hub judged each undoing by the true op.</summary>
/// <remarks>Day closes come from the facts, which are all read before the records.</remarks>
internal sealed class RefundCheck(HubLog hub, FindingLog findings)
{
    /// <summary>Takes a right that the hub moved.</summary>
    public void Move(MemberFold member, RefundRightMovedEvent moved)
    {
        var (producer, sequence) = PlaceOf(moved.Op);
        var undo = member.UndoneOf(producer, sequence);
        if (moved.Payer.Length > 0)
        {
            Reclaim(member, moved, undo, OpText.Of(producer, sequence));
            return;
        }

        if (!moved.Healed && !hub.Facts.ClosesOf(undo.Owner).Any(close => close >= undo.Since) && hub.Facts.EndOf(undo.Owner) < undo.Since)
        {
            findings.AddWallet(FindingCodes.RefundRightEarly, member.Id,
                $"version {member.Version} moves the right to undo {OpText.Of(producer, sequence)} to store {moved.Store}; {OpText.Of(undo.Owner)} had it and has not closed its day since op {undo.Since}");
        }

        undo.MoveTo(new ProducerId(moved.Store, moved.Incarnation), moved.Since);
        member.Follow(moved.Store);
    }

    // As with value: the life is over for good, and a named account bears what it did.
    private void Reclaim(MemberFold member, RefundRightMovedEvent moved, UndoFold undo, string name)
    {
        if (hub.Lives.IsKnown && !hub.Lives.IsReclaimed(undo.Owner))
        {
            findings.AddWallet(FindingCodes.RefundRightEarly, member.Id, $"version {member.Version} takes the right to undo {name} from {OpText.Of(undo.Owner)} for {moved.Payer}; expected a life that was reclaimed");
        }

        undo.TakeTo(new ProducerId(moved.Store, moved.Incarnation), moved.Since, moved.Payer);
        member.Follow(moved.Store);
    }

    /// <summary>Compares what the record says of the undone op with the fact, and what the op says of its log's day closes with the log.</summary>
    public void Judge(MemberFold member, string name, FactKey key, OpEnvelope op, OpAppliedEvent applied)
    {
        if (op.Type is not (OpType.Void or OpType.Refund) || applied.Undone is not { } undone)
        {
            return;
        }

        if (!IsTrue(undone, op.Reference))
        {
            findings.AddWallet(FindingCodes.RefundOriginalDiffers, member.Id, $"{name}: its record says {(undone.Found ? "other things than the hub's fact" : "that there is no fact")} of the op that it undoes");
        }

        if (hub.Facts.NewestCloseBefore(key.Producer, key.Sequence) is { } closed && op.ClosedUpTo != closed)
        {
            findings.AddWallet(FindingCodes.RefundAfterClose, member.Id, $"{name}: says that its store's newest day close is op {op.ClosedUpTo}; in its log it is op {closed}");
        }
    }

    private bool IsTrue(UndoneOriginal undone, OpId? reference)
    {
        if (!undone.Found)
        {
            return true; // it may have come later than its undoing; the op was called an anomaly for it
        }

        if (reference is null || !hub.Facts.Logs.TryGetValue(PlaceOf(reference).Producer, out var log))
        {
            return false;
        }

        var index = FactIndex.Find(log, reference.Sequence);
        return index >= 0 && hub.Facts.Read(log[index]) is { } op && op.Type == undone.Type && op.Member.Equals(undone.Member) && op.Moves.Equals(undone.Moves)
            && undone.Tender == op.Tender && undone.PromisedBonusMinor == op.PromisedBonusMinor && undone.OtherTenderMinor == op.OtherTenderMinor && undone.BillMinor == op.BillMinor - op.DiscountMinor;
    }

    private static (ProducerId Producer, long Sequence) PlaceOf(OpId op) => (new ProducerId(op.Store, op.Incarnation), op.Sequence);
}
