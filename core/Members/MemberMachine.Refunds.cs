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
        FollowFrom(wanted.Holder.Store, turn, context); // the answer makes a replica there, also where it is a refusal

        // A day close gives rights up; what its store did with them before is applied, because the hub has its whole log up to there.
        // A life that was reclaimed gives up nothing any more: its rights are taken as its value was, and its payer bears what it did with them.
        var known = State.UndoneOf(wanted.Original.Id);
        var isGivenUp = known.Right.IsGivenUpBy(context.ClosedUpTo(known.Right.Holder));
        var payer = isGivenUp ? "" : context.ReclaimPayer(known.Right.Holder);
        var question = new RefundQuestion(wanted, known, MayMove: payer is not null && !HasParked(wanted, known), payer ?? "");
        AskSurvivors(new UndoneWanted(question, [], []), turn, context);
    }

    // Whatever was given back under the name of a member that this one was ever merged into lies in that one's stream: each is asked in its turn.
    // What they say holds: a right that is free was given up by its owner with all that he had undone at the hub, so it can only have stayed or been moved by this grain.
    private void AskSurvivors(UndoneWanted asked, TurnResult turn, ITurnContext context)
    {
        var question = asked.Question;
        MemberId[] seen = [.. asked.Asked, State.Id];
        MemberId[] left = Switches.IsOff(Mechanism.SurvivorsSayWhatWasRefunded) ? [] : [.. asked.Left.Union(State.Survivors).Except(seen)];
        if (left.Length > 0)
        {
            turn.Effects.Add(new PostTo(left[0], new UndoneWanted(question, seen, [.. left[1..]])));
        }
        else if (asked.Asked.Count == 0)
        {
            Decide(question, turn, context); // nobody was asked: this grain's own question
        }
        else
        {
            turn.Effects.Add(new PostTo(question.Wanted.Original.Member, new UndoneTold(question)));
        }
    }

    private void OnUndoneWanted(UndoneWanted asked, TurnResult turn, ITurnContext context)
    {
        var question = asked.Question;
        question = question with { Known = question.Known.And(State.UndoneOf(question.Known.Id)), MayMove = question.MayMove && !HasParked(question.Wanted, question.Known) };
        if (question is { MayMove: true, Payer.Length: > 0 })
        {
            NoteFormerOwner(question, turn, context);
            question = question with { Noted = [.. question.Noted, State.Id] };
        }

        AskSurvivors(asked with { Question = question }, turn, context);
    }

    // The right is about to be taken from a life that was reclaimed. What that life turns out to have given back under this member's name comes to
    // this stream, after what was just told: here too its payer bears it, and it takes nothing from the new owner.
    private void NoteFormerOwner(RefundQuestion question, TurnResult turn, ITurnContext context)
    {
        var (op, former) = (question.Known.Id, question.Known.Right);
        var known = State.UndoneOf(op);
        if (known.Former?.Right == former && known.Right != former)
        {
            return;
        }

        if (known.Right != former)
        {
            Apply(new RefundRightMoved(op, former, []) { IsHealed = true }, turn, context); // it was moved in the op's own stream
        }

        Apply(new RefundRightMoved(op, new RefundRight(question.Wanted.Holder, question.Wanted.Since), []) { Payer = question.Payer }, turn, context);
    }

    // Somebody who was asked later had an op of that life that waits for a person, or nothing is left to give back: the right stays where it was.
    private void OnUndoneKept(UndoneOp former, TurnResult turn, ITurnContext context)
    {
        if (State.UndoneOf(former.Id) is var known && known.Former?.Right == former.Right && known.Right != former.Right)
        {
            Apply(new RefundRightMoved(former.Id, former.Right, []) { IsHealed = true }, turn, context);
        }
    }

    private void OnUndoneTold(RefundQuestion question, TurnResult turn, ITurnContext context)
    {
        if (State.UndoneOf(question.Known.Id).Right != question.Known.Right)
        {
            OnRefundRight(question.Wanted, turn, context); // somebody else got it in the meantime
            return;
        }

        Decide(question, turn, context);
    }

    private void Decide(RefundQuestion question, TurnResult turn, ITurnContext context)
    {
        var (wanted, known) = (question.Wanted, question.Known);
        var op = wanted.Original with { IsVoided = known.IsVoided, GivenBack = Switches.IsOff(Mechanism.RightsSayWhatWasRefunded) ? [] : known.GivenBack, Right = known.Right };
        var mayMove = question.MayMove && !op.StaysAtItsStore && FindRefusal(op) is null;
        foreach (var noted in mayMove ? [] : question.Noted)
        {
            turn.Effects.Add(new PostTo(noted, new UndoneKept(known)));
        }

        if (FindRefusal(op) is { } nothingLeft)
        {
            turn.Effects.Add(new SendRefundRight(wanted.Holder, wanted.Request, null, nothingLeft, MemberView.Of(State)));
            return;
        }

        if (mayMove)
        {
            op = op with { Right = new RefundRight(wanted.Holder, wanted.Since) };
            Apply(new RefundRightMoved(op.Id, op.Right, LeftOf(op)) { Payer = question.Payer }, turn, context);
        }

        // The holder that has it already gets the same numbers again: the answer before may have been lost.
        turn.Effects.Add(op.Right.Holder == wanted.Holder
            ? new SendRefundRight(wanted.Holder, wanted.Request, op, null, MemberView.Of(State))
            : new SendRefundRight(wanted.Holder, wanted.Request, null, HeldBy(op.Right.Holder), MemberView.Of(State)));
        if (State.IsAlias)
        {
            // What is given back goes to the survivor, whom that store may not know yet.
            turn.Effects.Add(new PostTo(State.AliasOf, new IdentifyWanted(wanted.Holder, Request: 0, Prefetch: false)));
        }
    }

    // Where an op of the owner waits for a person, what it had given back may not be counted yet.
    private bool HasParked(RefundRightWanted wanted, UndoneOp known) =>
        State.FirstParkedOf(known.Right.Holder) is not null || State.FirstParkedOf(wanted.Original.Id.Holder) is not null;

    private void FollowFrom(StoreId store, TurnResult turn, ITurnContext context)
    {
        if (!State.Followers.Contains(store))
        {
            Apply(new MemberFollowed(store), turn, context);
        }
    }

    // protocol.md 1.17: the store that holds a right proves it to a hub that was restored and has forgotten it. At most one store has one that its
    // own day close did not give up, so whatever this hub believes is older.
    private void OnRefundRightReported(RefundRightReported reported, TurnResult turn, ITurnContext context)
    {
        var right = new RefundRight(reported.Holder, reported.Since);
        if (_isReconciling && State.UndoneOf(reported.Op) is { IsVoided: false } known && known.Right != right)
        {
            Apply(new RefundRightMoved(reported.Op, right, []) { IsHealed = true }, turn, context);
        }

        turn.Effects.Add(new Answer(reported.Reply, MemberView.Of(State)));
    }

    private static Rejection? FindRefusal(OwnOp op) =>
        !UndoCheck.IsUndoable(op.Type) ? new Rejection(RejectionCode.UnknownOp, $"A {op.Type} cannot be undone; only a sale, a top-up or a redemption can.")
        : op.IsVoided ? new Rejection(RejectionCode.AlreadyVoided, "It was voided before.")
        : !UndoCheck.HasLeft(op) ? new Rejection(RejectionCode.RefundTooLarge, "Everything that the wallet paid was given back before.")
        : null;

    private static Rejection HeldBy(Holder holder) => new(RejectionCode.RefundRightElsewhere,
        $"Store {holder.Store} has the right to undo it until its day is closed and reported. Undo it there, try again after that, or give the amount as goodwill with a top-up.");

    private static Move[] LeftOf(OwnOp op) =>
        [.. op.Moves.Where(move => move.Kind == MoveKind.Debit && !move.IsOnAccount).Select(move => new Move(MoveKind.Credit, move.Bucket, op.LeftOf(move.Bucket), 0)).Append(new Move(MoveKind.Settle, Bucket.Principal, op.OnAccountLeftMinor, 0)).Where(move => move.AmountMinor > 0)];
}
