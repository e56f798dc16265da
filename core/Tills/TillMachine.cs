using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;
using SyncHub.Core.Rights;
using SyncHub.Core.Rules;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tills;

/// <summary>What came of a till's command: an op to log, or a refusal that changes nothing.</summary>
public readonly record struct TillDecision(Op? Op, Rejection? Rejection, Price Price)
{
    /// <summary>A refusal.</summary>
    public static TillDecision Refuse(RejectionCode code, string message) => new(null, new Rejection(code, message), default);
}

/// <summary>Decides a till's commands from what the store holds itself, online and offline alike (protocol.md, first rule).</summary>
/// <remarks>Pure: it reads, it never changes. The op that it returns is applied with <see cref="Apply"/> once its place in the log is known.</remarks>
public sealed partial class TillMachine(Ruleset rules)
{
    /// <summary>What a store says whose lease has ended (protocol.md 1.7).</summary>
    public const string PastLease = "This store has not heard headquarters for longer than it may, so members cannot spend here until it has. Connect the store, or take another tender; top-ups, refunds and voids go on.";

    /// <summary>The ruleset in force here.</summary>
    public Ruleset Rules { get; } = rules;

    /// <summary>A bill paid from the wallet, points and other tender; earns points.</summary>
    public TillDecision Sale(SaleCommand command, MemberHere member, OpId id)
    {
        if (Find(command.Context, command.BillMinor, "bill") is { } refusal)
        {
            return refusal;
        }

        if (command.OtherTenderMinor < 0 || command.RedeemPoints is < 0 or > Amount.LargestRequestMinor)
        {
            return TillDecision.Refuse(RejectionCode.InvalidAmount, $"Other tender and points must not be negative, and points at most {Amount.LargestRequestMinor}.");
        }

        var undiscounted = PriceOf(member, command.BillMinor, 0);
        if (Price.FindRedeemFault(Rules, command.BillMinor - undiscounted.DiscountMinor, command.RedeemPoints) is { } fault)
        {
            return TillDecision.Refuse(RejectionCode.NotRedeemable, fault);
        }

        var price = PriceOf(member, command.BillMinor, command.RedeemPoints);
        var fromWallet = price.PayableMinor - command.OtherTenderMinor;
        if (fromWallet < 0)
        {
            return TillDecision.Refuse(RejectionCode.InvalidAmount, $"Other tender of {command.OtherTenderMinor} is more than the {price.PayableMinor} left to pay.");
        }

        if (fromWallet + command.RedeemPoints > 0 && FindPastLease(command.Context) is { } late)
        {
            return late;
        }

        var day = Calendar.DayOf(command.Context.NowMs);
        var plan = SpendPlan.Take(Rules.SpendOrder, member.SpendableMoney(day), fromWallet);
        var missing = fromWallet - plan.Sum(part => part.AmountMinor);
        var onAccount = OnAccount(command, member, missing);
        if ((missing > 0 && (onAccount.Count == 0 || !command.MayUseCredit)) || member.PointsHere < command.RedeemPoints)
        {
            return new TillDecision(null, Shortfall(member, fromWallet, command.RedeemPoints, day) with { CouldUseCredit = onAccount.Count > 0 }, price);
        }

        var moves = plan.Select(part => Debit(member, part.Bucket, part.AmountMinor)).Concat(onAccount).ToList();
        Add(moves, MoveKind.Debit, member, Bucket.Points, command.RedeemPoints);
        Add(moves, MoveKind.Credit, member, Bucket.Points, price.PointsEarned);
        return Accept(Draft(command.Context, id, OpType.Sale, member.Id, moves) with
        {
            BillMinor = command.BillMinor,
            DiscountMinor = price.DiscountMinor + price.PointsValueMinor,
            OtherTenderMinor = command.OtherTenderMinor,
        }, price);
    }

    /// <summary>Points spent outside a sale, for a gift or a service.</summary>
    public TillDecision Redeem(RedeemCommand command, MemberHere member, OpId id)
    {
        if (Find(command.Context, command.Points, "number of points") is { } refusal)
        {
            return refusal;
        }

        if (command.What.Length > LongestReason)
        {
            return TillDecision.Refuse(RejectionCode.InvalidRequest, $"what has at most {LongestReason} characters.");
        }

        if (command.Points < Rules.Redeem.MinimumPoints)
        {
            return TillDecision.Refuse(RejectionCode.NotRedeemable, $"Points are taken from {Rules.Redeem.MinimumPoints} on.");
        }

        if (FindPastLease(command.Context) is { } late)
        {
            return late;
        }

        if (member.PointsHere < command.Points && !Switches.IsOff(Mechanism.PointsAreRights))
        {
            return new TillDecision(null, Shortfall(member, 0, command.Points, Calendar.DayOf(command.Context.NowMs)), default);
        }

        var moves = new[] { Debit(member, Bucket.Points, command.Points) };
        return Accept(Draft(command.Context, id, OpType.Redeem, member.Id, moves) with { Note = command.What }, default);
    }

    /// <summary>Undoes a whole op of this store: every bucket gets back what it gave, and gives back what it got.</summary>
    /// <remarks>Points that were earned and are spent already are not taken below zero; the shortfall is noted and stays the chain's.</remarks>
    public TillDecision Void(VoidCommand command, OwnOp? own, MemberHere member, OpId id)
    {
        if (FindText(command.Context) is { } refusal)
        {
            return refusal;
        }

        if (own is null ? IsMissingHere(command.Op, command.ClosedUpTo, id) : !UndoCheck.IsUndoable(own.Type))
        {
            return TillDecision.Refuse(RejectionCode.UnknownOp, "This store has no sale, top-up or redemption of that number. Check the number on the receipt.");
        }

        if (own is null)
        {
            return RightElsewhere(command.Op, id);
        }

        if (own.IsVoided)
        {
            return TillDecision.Refuse(RejectionCode.AlreadyVoided, "It was voided before.");
        }

        if (own.GivenBack.Count > 0)
        {
            return TillDecision.Refuse(RejectionCode.AlreadyVoided, $"Part of it was refunded; refund the rest of {own.RefundableMinor} instead.");
        }

        if (!HasRight(own, command.ClosedUpTo, id))
        {
            return RightElsewhere(own.Id, id);
        }

        // protocol.md 1.9: the void of a top-up needs a >= amount here; it never makes a wallet negative.
        var missing = own.Moves.Where(move => move.Kind == MoveKind.Credit && move.Bucket.IsMoney && member.LineOf(move.Bucket).Available < move.AmountMinor).ToArray();
        if (missing.Length > 0 && !command.AsReceivable)
        {
            var (first, here) = (missing[0], member.LineOf(missing[0].Bucket).Available);
            return new TillDecision(null, new Rejection(RejectionCode.InsufficientRights, $"Only {here} of the {first.AmountMinor} topped up can be taken back here; the rest was spent or lies elsewhere. Try again when this store is online, or let the member owe it (as_receivable).")
            {
                Wanted = [.. missing.Select(move => Target(member, move.Bucket, move.AmountMinor))],
            }, default);
        }

        var moves = new List<Move>();
        var notes = new List<string>();
        AddSettlement(moves, own.OnAccountMinor);
        foreach (var move in own.Moves.Where(move => !move.IsOnAccount))
        {
            if (move.Kind == MoveKind.Debit)
            {
                moves.Add(Credit(member, move.Bucket, move.AmountMinor));
                continue;
            }

            var back = Math.Min(member.LineOf(move.Bucket).Available, move.AmountMinor);
            Add(moves, MoveKind.Debit, member, move.Bucket, back);
            if (back < move.AmountMinor && move.Bucket.IsMoney)
            {
                moves.Add(new Move(MoveKind.Advance, move.Bucket, move.AmountMinor - back, 0));
            }
            else if (back < move.AmountMinor)
            {
                notes.Add($"{move.AmountMinor - back} points were spent already");
            }
        }

        return Accept(Draft(command.Context, id, OpType.Void, own.Member, moves) with
        {
            Reference = own.Id,
            BillMinor = own.Type == OpType.Sale ? own.BillMinor : 0,
            ClosedUpTo = command.ClosedUpTo,
            Note = string.Join("; ", notes),
        }, default);
    }

    /// <summary>Gives back part of a sale, to the buckets that paid, last spent first; takes earned points back in proportion.</summary>
    public TillDecision Refund(RefundCommand command, OwnOp? own, MemberHere member, OpId id)
    {
        if (Find(command.Context, command.AmountMinor, "refund") is { } refusal)
        {
            return refusal;
        }

        if (own is null ? IsMissingHere(command.Op, command.ClosedUpTo, id) : own.Type != OpType.Sale)
        {
            return TillDecision.Refuse(RejectionCode.UnknownOp, "This store has no sale of that number. Check the number on the receipt.");
        }

        if (own is null)
        {
            return RightElsewhere(command.Op, id);
        }

        if (own.IsVoided)
        {
            return TillDecision.Refuse(RejectionCode.AlreadyVoided, "The sale was voided.");
        }

        var day = Calendar.DayOf(command.Context.NowMs);
        var forfeited = ForfeitedMinor(own, day);
        var refundable = own.RefundableMinor - forfeited;
        if (command.AmountMinor > refundable)
        {
            // I10: refunds(x) <= amount(x)
            return TillDecision.Refuse(RejectionCode.RefundTooLarge, $"Only {refundable} of this sale's stored value can still be refunded."
                + (forfeited > 0 ? $" {forfeited} was bonus money that has expired; this chain's rules do not give it back." : ""));
        }

        if (!HasRight(own, command.ClosedUpTo, id))
        {
            return RightElsewhere(own.Id, id);
        }

        var moves = Allocate(own, command.AmountMinor, member, day);
        Add(moves, MoveKind.Debit, member, Bucket.Points, PointsToTakeBack(own, command.AmountMinor, member));
        return Accept(Draft(command.Context, id, OpType.Refund, own.Member, moves) with { Reference = own.Id, BillMinor = command.AmountMinor, ClosedUpTo = command.ClosedUpTo }, default);
    }

    /// <summary>A new member.</summary>
    public TillDecision Register(RegisterCommand command, OpId id)
    {
        if (FindText(command.Context) is { } refusal)
        {
            return refusal;
        }

        var profile = command.Profile;
        if (profile.Name.Length is 0 or > 100 || profile.Card.Length > 40 || profile.Notes.Length > 1000)
        {
            return TillDecision.Refuse(RejectionCode.InvalidRequest, "A name of 1 to 100 characters is needed; a card number has at most 40, notes at most 1000.");
        }

        if (profile.Phone.Length > 0 && !IsPhone(profile.Phone))
        {
            return TillDecision.Refuse(RejectionCode.InvalidRequest, "A phone is 5 to 20 digits, with an optional + in front.");
        }

        return Accept(Draft(command.Context, id, OpType.RegisterMember, command.Member, []) with { Profile = profile with { HomeStore = id.Holder.Store } }, default);
    }

    /// <summary>Rights handed back down to the asked levels; null where there is nothing to give.</summary>
    public Op? Relinquish(MemberHere member, IReadOnlyList<RevokeLine> asked, OpId id, long nowMs)
    {
        var moves = new List<Move>();
        foreach (var (bucket, keep, asOfGranted) in asked)
        {
            var line = member.LineOf(bucket);
            // A newer grant came since: the ask is old. A bucket that is named twice is answered once. What is pending waits here for its payment.
            if (bucket != Bucket.Pending && line.Granted <= asOfGranted && !moves.Exists(move => move.Bucket == bucket))
            {
                Add(moves, MoveKind.Relinquish, member, bucket, line.Available - Math.Max(0, keep));
            }
        }

        return moves.Count == 0 ? null : Draft(new TillContext("", "", "", nowMs), id, OpType.Relinquish, member.Id, moves);
    }

    /// <summary>Discount, points and payable of a bill for this member, without deciding anything.</summary>
    public Price PriceOf(MemberHere member, long billMinor, long points) => Price.Of(Rules, member.Replica?.LifetimeSpendMinor ?? 0, billMinor, points);

    /// <summary>The lot that a bonus given now at this store goes into.</summary>
    public LotId LotFor(MemberHere member, StoreId store, long nowMs) => LotChoice.For(Rules, member, store, Calendar.DayOf(nowMs));

    /// <summary>Changes the store's lines as <paramref name="op"/> says.</summary>
    /// <exception cref="InvalidOperationException">I1: the op spends more than is here; nothing was changed for the move that does.</exception>
    public static void Apply(Op op, MemberHere member)
    {
        foreach (var move in op.Moves)
        {
            var line = member.LineOf(move.Bucket);
            member.Lines[move.Bucket] = move.Kind switch
            {
                MoveKind.Credit => line.Credit(move.AmountMinor),
                MoveKind.Debit => line.Debit(move.AmountMinor),
                MoveKind.Advance or MoveKind.Settle => line,
                _ => line.Relinquish(move.AmountMinor),
            };
        }

        if (op.Type == OpType.Sale)
        {
            member.AdvancedMinor = checked(member.AdvancedMinor + op.AmountOf(MoveKind.Advance, Bucket.Principal));
        }

        if (op.Type == OpType.RegisterMember)
        {
            member.Profile = op.Profile;
        }
    }

    private static TillDecision? FindPastLease(TillContext context) => context.Standing.IsPastLease ? TillDecision.Refuse(RejectionCode.LeaseEnded, PastLease) : null;

    private Rejection Shortfall(MemberHere member, long fromWallet, long points, int day)
    {
        var confirmed = member.ConfirmedMoney(day);
        var confirmedPoints = member.ConfirmedOf(Bucket.Points);
        var wanted = new List<GrantTarget>();
        if (member.HereMinor(day) < fromWallet)
        {
            var everywhere = member.Buckets.Where(bucket => bucket.IsMoney && MemberHere.IsValid(bucket, day)).Select(bucket => (bucket, Math.Max(0, member.ConfirmedOf(bucket)))).ToArray();
            wanted.AddRange(SpendPlan.Take(Rules.SpendOrder, everywhere, fromWallet)
                .Where(part => part.AmountMinor > member.LineOf(part.Bucket).Available).Select(part => Target(member, part.Bucket, part.AmountMinor)));
        }

        var owed = Math.Min(fromWallet - confirmed, member.ConfirmedOf(Bucket.Credit));
        if (owed > member.LineOf(Bucket.Credit).Available)
        {
            wanted.Add(Target(member, Bucket.Credit, owed));
        }

        if (member.PointsHere < points)
        {
            wanted.Add(Target(member, Bucket.Points, points));
        }

        var exists = confirmed >= fromWallet && confirmedPoints >= points;
        var message = exists
            ? $"Available here are {member.HereMinor(day)} of {confirmed} confirmed, and {member.PointsHere} of {confirmedPoints} points; the rest is held elsewhere. Take the difference by another tender, or try again when this store is online."
            : $"The wallet has {confirmed} and {confirmedPoints} points; {fromWallet} and {points} points are asked for. Top up, or take the difference by another tender.";
        return new Rejection(exists ? RejectionCode.InsufficientRights : RejectionCode.InsufficientFunds, message) { Wanted = wanted };
    }

    // Lots back to lots, last spent first; what an expired lot paid goes where the rules say (protocol.md 1.12).
    private List<Move> Allocate(OwnOp own, long amountMinor, MemberHere member, int day)
    {
        var back = new SortedDictionary<Bucket, long>();
        var settled = Math.Min(amountMinor, own.OnAccountLeftMinor);
        var left = amountMinor - settled;
        foreach (var bucket in own.Moves.Where(move => move.Kind == MoveKind.Debit && move.Bucket.IsMoney).Select(move => move.Bucket).Reverse())
        {
            var isLost = !MemberHere.IsValid(bucket, day) && Rules.ExpiredLotRefund == ExpiredLotRefund.None;
            var part = isLost ? 0 : Math.Min(left, own.LeftOf(bucket));
            var target = MemberHere.IsValid(bucket, day) || Rules.ExpiredLotRefund != ExpiredLotRefund.Principal ? bucket : Bucket.Principal;
            back[target] = checked(back.GetValueOrDefault(target) + part);
            left -= part;
        }

        var moves = new List<Move>();
        AddSettlement(moves, settled); // what the member owes for it goes first
        foreach (var (bucket, part) in back)
        {
            Add(moves, MoveKind.Credit, member, bucket, part);
        }

        return moves;
    }

    private long ForfeitedMinor(OwnOp own, int day) => Rules.ExpiredLotRefund != ExpiredLotRefund.None ? 0
        : own.Moves.Where(move => move.Kind == MoveKind.Debit && move.Bucket.IsMoney && !MemberHere.IsValid(move.Bucket, day)).Sum(move => own.LeftOf(move.Bucket));

    // An op of this store that it should know and does not; those from before its day close are asked of the hub.
    private static bool IsMissingHere(OpId op, long closedUpTo, OpId next) => op.Holder == next.Holder && op.Sequence > closedUpTo;

    private static bool HasRight(OwnOp own, long closedUpTo, OpId next) => Switches.IsOff(Mechanism.RefundRightHasOneOwner) ||
        own.Right.Holder == next.Holder && (own.StaysAtItsStore || !own.Right.IsGivenUpBy(closedUpTo));

    private static TillDecision RightElsewhere(OpId op, OpId next) => TillDecision.Refuse(RejectionCode.RefundRightElsewhere, op.Holder == next.Holder
        ? "The day of this op is closed, and with it the right to undo it went to headquarters, which cannot be asked now. Try again when online, or give the amount as goodwill with a top-up."
        : $"Store {op.Holder.Store} logged this op, and headquarters, which could move the right to undo it, cannot be asked now. Try again when online, undo it there, or give the amount as goodwill with a top-up.");

    private static long PointsToTakeBack(OwnOp own, long refundMinor, MemberHere member)
    {
        // Points were earned on everything that was paid in money, so what other tender earned is kept: it is not refunded here.
        var earned = own.Moves.Where(move => move.Kind == MoveKind.Credit && move.Bucket == Bucket.Points).Sum(move => move.AmountMinor);
        var paid = own.PaidMinor;
        var refunded = paid - own.RefundableMinor + refundMinor;
        // Cumulative, so that many small refunds take back as much as one large one.
        var due = (long)((Int128)earned * refunded / Math.Max(1, paid + own.OtherTenderMinor)) - own.GivenBackOf(MoveKind.Debit, Bucket.Points);
        return Math.Clamp(due, 0, Math.Max(0, member.LineOf(Bucket.Points).Available));
    }

    private static GrantTarget Target(MemberHere member, Bucket bucket, long needed)
    {
        var line = member.LineOf(bucket);
        return new GrantTarget(bucket, checked(line.Granted + Math.Max(0, needed - line.Available)));
    }

    private static TillDecision Accept(Op op, Price price) => new(op, null, price);

    private Op Draft(TillContext context, OpId id, OpType type, MemberId member, IReadOnlyList<Move> moves) => new()
    {
        Id = id,
        Type = type,
        Member = member,
        Moves = moves,
        OccurredAtMs = context.NowMs,
        RulesetVersion = Rules.Version,
        Terminal = context.Terminal,
        Operator = context.Operator,
        Cashier = context.Cashier,
        Approver = context.Approver,
        RequestId = context.RequestId,
    };

    private static Move Credit(MemberHere member, Bucket bucket, long amount) => new(MoveKind.Credit, bucket, amount, member.LineOf(bucket).Granted);

    private static Move Debit(MemberHere member, Bucket bucket, long amount) => new(MoveKind.Debit, bucket, amount, member.LineOf(bucket).Granted);

    private static void Add(List<Move> moves, MoveKind kind, MemberHere member, Bucket bucket, long amount)
    {
        if (amount > 0)
        {
            moves.Add(new Move(kind, bucket, amount, member.LineOf(bucket).Granted));
        }
    }

    private static TillDecision? Find(TillContext context, long amount, string what) =>
        FindText(context) ?? (Amount.IsRequestable(amount) ? null
            : TillDecision.Refuse(RejectionCode.InvalidAmount, $"The {what} must be 1 to {Amount.LargestRequestMinor}; it is {amount}."));

    private static TillDecision? FindText(TillContext context) =>
        context.RequestId.Length is 0 or > TillContext.LongestText ? TillDecision.Refuse(RejectionCode.InvalidRequest, $"A request_id of 1 to {TillContext.LongestText} characters is needed, a new one for each new request.")
        : context.Terminal.Length > TillContext.LongestText || context.Operator.Length > TillContext.LongestText ? TillDecision.Refuse(RejectionCode.InvalidRequest, $"terminal and operator have at most {TillContext.LongestText} characters.")
        : null;

    private static bool IsPhone(string text)
    {
        var digits = text[0] == '+' ? text.AsSpan(1) : text;
        return digits.Length is >= 5 and <= 20 && !digits.ContainsAnyExceptInRange('0', '9');
    }
}
