using SyncHub.Core.Credit;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

/// <summary>What the passing of time and free value make due, whatever the message was about; and credit.</summary>
public sealed partial class MemberMachine
{
    // Before other work, so that nothing expired is granted; after an op, so that what came back settles what is owed before it goes to a checkout;
    // and at the end, for messages that free value in other ways.
    private void Tidy(TurnResult turn, ITurnContext context)
    {
        // A restored hub does not know yet what of the pool it had granted before: nothing of it may go.
        if (_isReconciling)
        {
            return;
        }

        if (Expiry.Find(State, Calendar.DayOf(_nowMs)) is { } expired)
        {
            Apply(expired, turn, context);
        }

        if (CreditBook.FindSettlement(State) is { } settlement)
        {
            Apply(settlement, turn, context);
        }

        PayForAliases(turn, context);
    }

    // Credit lies where the member was last: a right to owe is of use only where the money rights do not reach, and that is rare.
    private void PrefetchCredit(Holder holder, TurnResult turn, ITurnContext context)
    {
        if (State.Find(Bucket.Credit) is { Pool: > 0 } credit)
        {
            GrantUpTo(holder, [new GrantedLine(Bucket.Credit, (credit.Find(holder)?.Granted ?? 0) + credit.Pool)], turn, context);
        }
    }

    private void OnCreditLimit(CreditLimitWanted wanted, TurnResult turn, ITurnContext context)
    {
        if (State.IsAlias)
        {
            turn.Effects.Add(new PostTo(State.AliasOf, wanted)); // a person has one limit
            return;
        }

        if (State.Credit.LimitMinor != wanted.LimitMinor || State.Offers.Count > 0)
        {
            Apply(new CreditLimitSet(wanted.LimitMinor), turn, context);
        }

        turn.Effects.Add(new Answer(wanted.Reply, MemberView.Of(State)));
    }

    private static long FloorLimitFor(Op op, ITurnContext context) =>
        context.FloorLimitMinor is not 0 and var limit && op.Moves.Any(move => move.Kind == MoveKind.Advance) ? limit : 0;
}
