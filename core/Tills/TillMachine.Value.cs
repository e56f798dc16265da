using SyncHub.Core.Mechanisms;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tills;

/// <summary>Top-ups and their tender, and adjustments (protocol.md 1.9, 1.10).</summary>
public sealed partial class TillMachine
{
    private const int LongestReason = 200;

    /// <summary>Value sold: principal, and a bonus lot where the rules give one. Spendable here at once, unless its payment may still be declined.</summary>
    public TillDecision TopUp(TopUpCommand command, MemberHere member, OpId id)
    {
        if (Find(command.Context, command.AmountMinor, "top-up") is { } refusal)
        {
            return refusal;
        }

        if (command.Tender is < Tender.Unspecified or > Tender.CardStoreAndForward)
        {
            return TillDecision.Refuse(RejectionCode.InvalidRequest, "tender must be cash, card online, or card store-and-forward.");
        }

        var bonus = Rules.BonusFor(command.AmountMinor);
        var draft = Draft(command.Context, id, OpType.TopUp, member.Id, []) with { BillMinor = command.AmountMinor, Tender = command.Tender };
        if (command.Tender == Tender.CardStoreAndForward)
        {
            return Accept(draft with { Moves = [Credit(member, Bucket.Pending, command.AmountMinor)], PromisedBonusMinor = bonus }, default);
        }

        var room = Rules.TopUp.UnacknowledgedLimitMinor - command.Context.Standing.TopUpsMinor;
        if (Rules.TopUp.UnacknowledgedLimitMinor > 0 && command.AmountMinor > room)
        {
            return TillDecision.Refuse(RejectionCode.TopUpLimit,
                $"Headquarters has not confirmed {command.Context.Standing.TopUpsMinor} of this store's top-ups yet, and may leave {Rules.TopUp.UnacknowledgedLimitMinor} open. Take at most {Math.Max(0, room)} now, or top up again when this store has been online.");
        }

        return Accept(draft with { Moves = SoldValue(member, id.Holder.Store, command.AmountMinor, bonus, command.Context.NowMs) }, default);
    }

    /// <summary>The stored payment of a top-up was made, or declined: what was pending becomes principal, with the bonus that was promised, or goes.</summary>
    public TillDecision DecideTender(TenderCommand command, OwnOp? own, MemberHere member, OpId id)
    {
        if (FindText(command.Context) is { } refusal)
        {
            return refusal;
        }

        if (own is null || own.Type != OpType.TopUp || own.Tender != Tender.CardStoreAndForward)
        {
            return TillDecision.Refuse(RejectionCode.UnknownOp, "This store has no top-up of that number whose payment was stored; the store that took it can decide.");
        }

        if (own.IsVoided)
        {
            return TillDecision.Refuse(RejectionCode.AlreadyVoided, "The top-up was voided, or its payment was declined.");
        }

        var pending = own.Moves.Where(move => move.Bucket == Bucket.Pending).Sum(move => move.AmountMinor);
        if (pending == 0)
        {
            return TillDecision.Refuse(RejectionCode.TenderDecided, "The payment was confirmed before. Void the top-up to take it back.");
        }

        var moves = new List<Move> { Debit(member, Bucket.Pending, pending) };
        if (command.IsConfirmed)
        {
            moves.AddRange(SoldValue(member, id.Holder.Store, pending, own.PromisedBonusMinor, command.Context.NowMs));
        }

        return Accept(Draft(command.Context, id, OpType.Adjust, own.Member, moves) with { Reference = own.Id }, default);
    }

    /// <summary>Value given or taken by hand, with a reason and a name; never more than is available here.</summary>
    public TillDecision Adjust(AdjustCommand command, MemberHere member, OpId id)
    {
        if (FindText(command.Context) is { } refusal)
        {
            return refusal;
        }

        if (command.Reason.Length is 0 or > LongestReason || command.Context.Operator.Length == 0)
        {
            return TillDecision.Refuse(RejectionCode.InvalidRequest, $"An adjustment needs an operator and a reason of 1 to {LongestReason} characters.");
        }

        if (command.Kind is not (BucketKind.Principal or BucketKind.Points or BucketKind.Lot))
        {
            return TillDecision.Refuse(RejectionCode.InvalidRequest, "Principal, points and bonus can be adjusted.");
        }

        if (command.DeltaMinor == long.MinValue || !Amount.IsRequestable(Math.Abs(command.DeltaMinor)))
        {
            return TillDecision.Refuse(RejectionCode.InvalidAmount, $"An adjustment is 1 to {Amount.LargestRequestMinor} up or down; it is {command.DeltaMinor}.");
        }

        var draft = Draft(command.Context, id, OpType.Adjust, member.Id, []) with { Note = command.Reason };
        if (command.DeltaMinor > 0)
        {
            var bucket = command.Kind == BucketKind.Lot ? Bucket.Of(LotFor(member, id.Holder.Store, command.Context.NowMs)) : new Bucket(command.Kind, default);
            return Accept(draft with { Moves = [Credit(member, bucket, command.DeltaMinor)] }, default);
        }

        var day = Calendar.DayOf(command.Context.NowMs);
        IReadOnlyList<(Bucket Bucket, long AmountMinor)> Pots(Func<Bucket, long> amountOf) =>
            [.. member.Buckets.Where(bucket => bucket.Kind == command.Kind && bucket.IsValidOn(day)).Select(bucket => (bucket, Math.Max(0, amountOf(bucket))))];
        var wanted = -command.DeltaMinor;
        var here = InTurn(Pots(member.AvailableOf), wanted);
        if (here.Sum(part => part.AmountMinor) == wanted)
        {
            return Accept(draft with { Moves = [.. here.Select(part => Debit(member, part.Bucket, part.AmountMinor))] }, default);
        }

        var anywhere = InTurn(Pots(member.ConfirmedOf), wanted);
        var exists = anywhere.Sum(part => part.AmountMinor) == wanted;
        var message = $"Available here are {here.Sum(part => part.AmountMinor)} of the {wanted} to be taken. {(exists ? "The rest is held elsewhere; try again when this store is online." : "The member has no more; take less.")}";
        return new TillDecision(null, new Rejection(exists ? RejectionCode.InsufficientRights : RejectionCode.InsufficientFunds, message)
        {
            Wanted = [.. anywhere.Where(part => part.AmountMinor > member.LineOf(part.Bucket).Available).Select(part => Target(member, part.Bucket, part.AmountMinor))],
        }, default);
    }

    // What the rights here do not pay: first the credit that this store holds, then the floor (protocol.md 1.13). Empty where both together do not reach.
    private List<Move> OnAccount(SaleCommand command, MemberHere member, long missing)
    {
        var moves = new List<Move>();
        var credit = Math.Min(missing, member.LineOf(Bucket.Credit).Available);
        var advance = missing - credit;
        if (missing <= 0 || advance > FloorRoom(command, member))
        {
            return moves;
        }

        Add(moves, MoveKind.Debit, member, Bucket.Credit, credit);
        if (advance > 0)
        {
            moves.Add(new Move(MoveKind.Advance, Bucket.Principal, advance, 0));
        }

        return moves;
    }

    private static void AddSettlement(List<Move> moves, long amount)
    {
        if (amount > 0)
        {
            moves.Add(new Move(MoveKind.Settle, Bucket.Principal, amount, 0));
        }
    }

    // I15: advances(m) here and unsettled <= min(f, Phi), advances of this store and unacknowledged <= Phi. Cumulative: many small ones are one large one.
    private long FloorRoom(SaleCommand command, MemberHere member) =>
        command.IsDenied || Rules.Floor.LimitMinor == 0 ? 0
            : Math.Max(0, Math.Min(Rules.Floor.LimitMinor - (Switches.IsOff(Mechanism.FloorIsCumulative) ? 0 : member.FloorOutstandingMinor), Rules.Floor.StoreBudgetMinor - (Switches.IsOff(Mechanism.FloorBudget) ? 0 : command.Context.Standing.AdvancesMinor)));

    private List<Move> SoldValue(MemberHere member, StoreId store, long amount, long bonus, long nowMs)
    {
        var moves = new List<Move> { Credit(member, Bucket.Principal, amount) };
        if (bonus > 0)
        {
            moves.Add(Credit(member, Bucket.Of(LotFor(member, store, nowMs)), bonus));
        }

        return moves;
    }

    private static List<(Bucket Bucket, long AmountMinor)> InTurn(IEnumerable<(Bucket Bucket, long AmountMinor)> pots, long amount)
    {
        var taken = new List<(Bucket, long)>();
        foreach (var (bucket, has) in pots)
        {
            var part = Math.Min(has, amount);
            if (part > 0)
            {
                taken.Add((bucket, part));
                amount -= part;
            }
        }

        return taken;
    }
}
