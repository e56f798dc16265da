using SyncHub.Core.Mechanisms;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

/// <summary>Refund rights: from the selling store with its day close to the hub, and from the hub to the one store that asks (protocol.md 1.12).</summary>
public sealed partial class MemberMachine
{
    private void OnRefundRight(RefundRightWanted wanted, TurnResult turn, ITurnContext context)
    {
        var known = State.UndoneOf(wanted.Original.Id);
        var op = wanted.Original with { IsVoided = known.IsVoided, GivenBack = Switches.IsOff(Mechanism.RightsSayWhatWasRefunded) ? [] : known.GivenBack, Right = known.Right };
        if (FindRefusal(op) is { } nothingLeft)
        {
            turn.Effects.Add(new SendRefundRight(wanted.Holder, wanted.Request, null, nothingLeft, MemberView.Of(State)));
            return;
        }

        // A day close gives rights up; what its store did with them before is applied, because the hub has its whole log up to there.
        // Where an op of the owner waits for a person, what it had given back may not be counted here yet.
        // A life that was reclaimed gives up nothing any more: its rights are taken as its value was, and its payer bears what it did with them.
        var isGivenUp = known.Right.IsGivenUpBy(context.ClosedUpTo(known.Right.Holder));
        var payer = isGivenUp ? "" : context.ReclaimPayer(known.Right.Holder);
        if (!op.StaysAtItsStore && State.FirstParkedOf(known.Right.Holder) is null && State.FirstParkedOf(op.Id.Holder) is null && payer is not null)
        {
            op = op with { Right = new RefundRight(wanted.Holder, wanted.Since) };
            Apply(new RefundRightMoved(op.Id, op.Right, LeftOf(op)) { Payer = payer }, turn, context);
        }

        // The holder that has it already gets the same numbers again: the answer before may have been lost.
        turn.Effects.Add(op.Right.Holder == wanted.Holder
            ? new SendRefundRight(wanted.Holder, wanted.Request, op, null, MemberView.Of(State))
            : new SendRefundRight(wanted.Holder, wanted.Request, null, HeldBy(op.Right.Holder), MemberView.Of(State)));
    }

    // protocol.md 1.17: the store that holds a right proves it to a hub that was restored and has forgotten it. At most one store has one that its
    // own day close did not give up, so whatever this hub believes is older.
    private void OnRefundRightReported(RefundRightReported reported, TurnResult turn, ITurnContext context)
    {
        var right = new RefundRight(reported.Holder, reported.Since);
        if (context.IsReconciling && State.UndoneOf(reported.Op) is { IsVoided: false } known && known.Right != right)
        {
            Apply(new RefundRightMoved(reported.Op, right, []) { IsHealed = true }, turn, context);
        }

        turn.Effects.Add(new Answer(reported.Reply, MemberView.Of(State)));
    }

    private Rejection? FindRefusal(OwnOp op) =>
        // What its survivor gave back of it is not known in this stream.
        State.IsAlias ? new Rejection(RejectionCode.RefundRightElsewhere, "The member was merged into another one since; give the amount as goodwill with a top-up.")
        : !UndoCheck.IsUndoable(op.Type) ? new Rejection(RejectionCode.UnknownOp, $"A {op.Type} cannot be undone; only a sale, a top-up or a redemption can.")
        : op.IsVoided ? new Rejection(RejectionCode.AlreadyVoided, "It was voided before.")
        : !UndoCheck.HasLeft(op) ? new Rejection(RejectionCode.RefundTooLarge, "Everything that the wallet paid was given back before.")
        : null;

    private static Rejection HeldBy(Holder holder) => new(RejectionCode.RefundRightElsewhere,
        $"Store {holder.Store} has the right to undo it until its day is closed and reported. Undo it there, try again after that, or give the amount as goodwill with a top-up.");

    private static Move[] LeftOf(OwnOp op) =>
        [.. op.Moves.Where(move => move.Kind == MoveKind.Debit && !move.IsOnAccount).Select(move => new Move(MoveKind.Credit, move.Bucket, op.LeftOf(move.Bucket), 0)).Append(new Move(MoveKind.Settle, Bucket.Principal, op.OnAccountLeftMinor, 0)).Where(move => move.AmountMinor > 0)];
}
