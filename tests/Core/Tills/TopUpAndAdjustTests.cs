using SyncHub.Core.Ledger;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Tills;

/// <summary>Top-ups with limits and payments that may be declined, and adjustments by hand.</summary>
public sealed class TopUpAndAdjustTests
{
    private static readonly TillMachine Machine = new(Make.Rules);
    private static readonly TillMachine Limited = new(Make.Rules with { TopUp = Make.Rules.TopUp with { UnacknowledgedLimitMinor = 1_000 } });

    private static readonly OwnOp Stored = new(Make.Id(1), OpType.TopUp, Make.Member, [Make.Credit(Bucket.Pending, 10_000)], 10_000)
    {
        Tender = Tender.CardStoreAndForward,
        PromisedBonusMinor = 1_000,
    };

    public static TheoryData<string, Func<MemberHere, TillDecision>, RejectionCode> Refusals => new()
    {
        { "top-up by an unknown tender", here => TopUp(Machine, 100, here, (Tender)9), RejectionCode.InvalidRequest },
        { "top-up above the limit", here => TopUp(Limited, 1_001, here), RejectionCode.TopUpLimit },
        { "top-up above what is left of the limit", here => TopUp(Limited, 301, here, open: 700), RejectionCode.TopUpLimit },
        { "top-up beyond a limit that was lowered", here => TopUp(Limited, 1, here, open: 5_000), RejectionCode.TopUpLimit },
        { "decision without a request id", here => Machine.DecideTender(new TenderCommand(Make.Context(""), Stored.Id, true), Stored, here, Make.Id(2)), RejectionCode.InvalidRequest },
        { "decision on an unknown op", here => Decide(null, here), RejectionCode.UnknownOp },
        { "decision on a cash top-up", here => Decide(Stored with { Tender = Tender.Cash }, here), RejectionCode.UnknownOp },
        { "decision on a sale", here => Decide(Stored with { Type = OpType.Sale }, here), RejectionCode.UnknownOp },
        { "decision on a voided top-up", here => Decide(Stored with { IsVoided = true }, here), RejectionCode.AlreadyVoided },
        { "second confirmation", here => Decide(Stored with { Moves = [Make.Credit(Bucket.Principal, 10_000)] }, here), RejectionCode.TenderDecided },
        { "adjustment without a request id", here => Machine.Adjust(new AdjustCommand(Make.Context(""), Make.Member, BucketKind.Points, 1, "why"), here, Make.Id(2)), RejectionCode.InvalidRequest },
        { "adjustment without a reason", here => Adjust(BucketKind.Points, 1, here, ""), RejectionCode.InvalidRequest },
        { "adjustment with a reason of 201", here => Adjust(BucketKind.Points, 1, here, new string('x', 201)), RejectionCode.InvalidRequest },
        { "adjustment without an operator", here => Machine.Adjust(new AdjustCommand(Make.Context() with { Operator = "" }, Make.Member, BucketKind.Points, 1, "why"), here, Make.Id(2)), RejectionCode.InvalidRequest },
        { "adjustment of pending value", here => Adjust(BucketKind.Pending, 1, here), RejectionCode.InvalidRequest },
        { "adjustment of nothing", here => Adjust(BucketKind.Points, 0, here), RejectionCode.InvalidAmount },
        { "adjustment of the smallest number", here => Adjust(BucketKind.Points, long.MinValue, here), RejectionCode.InvalidAmount },
        { "adjustment beyond the limit", here => Adjust(BucketKind.Principal, -1_000_000_001, here), RejectionCode.InvalidAmount },
        { "points taken that lie elsewhere", here => Adjust(BucketKind.Points, -31, here), RejectionCode.InsufficientRights },
        { "points taken that nobody has", here => Adjust(BucketKind.Points, -51, here), RejectionCode.InsufficientFunds },
        { "principal taken that lies elsewhere", here => Adjust(BucketKind.Principal, -1_001, here), RejectionCode.InsufficientRights },
        { "bonus taken that nobody has", here => Adjust(BucketKind.Lot, -501, here), RejectionCode.InsufficientFunds },
        { "redemption for a text of 201", here => Machine.Redeem(new RedeemCommand(Make.Context(), Make.Member, 20, new string('x', 201)), here, Make.Id(2)), RejectionCode.InvalidRequest },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void A_refused_command_says_why_and_changes_nothing(string what, Func<MemberHere, TillDecision> command, RejectionCode expected)
    {
        var here = Make.Here((Bucket.Principal, 1_000), (Make.Lot, 500), (Bucket.Points, 30)).Confirmed((Bucket.Principal, 2_000), (Make.Lot, 500), (Bucket.Points, 50));
        var before = here.Lines.ToArray();

        var decision = command(here);

        Assert.NotEmpty(what);
        Assert.Null(decision.Op);
        Assert.Equal(expected, decision.Rejection?.Code);
        Assert.NotEmpty(decision.Rejection!.Message);
        Assert.Equal(before, here.Lines);
        Assert.True(expected != RejectionCode.InsufficientRights || decision.Rejection.Wanted.Count > 0, "no rights are named that would help");
    }

    [Fact]
    public void A_top_up_within_the_limit_is_sold_and_one_that_is_pending_does_not_count()
    {
        Assert.NotNull(TopUp(Limited, 300, Make.Here(), open: 700).Op);
        Assert.NotNull(TopUp(Limited, 5_000, Make.Here(), Tender.CardStoreAndForward, open: 700).Op);
    }

    [Fact]
    public void A_stored_payment_is_pending_without_a_bonus_until_it_is_made()
    {
        var here = Make.Here();
        var topUp = TopUp(Machine, 10_000, here, Tender.CardStoreAndForward).Op!;
        TillMachine.Apply(topUp, here);
        Assert.Equal([Make.Credit(Bucket.Pending, 10_000)], topUp.Moves);
        Assert.Equal((0, 1_000), (here.HereMinor(0), topUp.PromisedBonusMinor));

        var own = OwnOp.Of(topUp);
        var confirmed = Machine.DecideTender(new TenderCommand(Make.Context(), own.Id, true), own, here, Make.Id(3)).Op!;
        TillMachine.Apply(confirmed, here);

        Assert.Equal(11_000, here.HereMinor(0));
        Assert.Equal(0, here.LineOf(Bucket.Pending).Available);
        var after = own.Decided(confirmed);
        Assert.Equal(RejectionCode.TenderDecided, Decide(after, here).Rejection!.Code);
        Assert.Equal(11_000, Machine.Void(new VoidCommand(Make.Context(), own.Id), after, here, Make.Id(4)).Op!.MoneyMinor(MoveKind.Debit));
    }

    [Fact]
    public void A_declined_payment_leaves_nothing_behind()
    {
        var here = Make.Here();
        var topUp = TopUp(Machine, 10_000, here, Tender.CardStoreAndForward).Op!;
        TillMachine.Apply(topUp, here);

        var rejected = Machine.DecideTender(new TenderCommand(Make.Context(), topUp.Id, false), OwnOp.Of(topUp), here, Make.Id(3)).Op!;

        Assert.Equal([Make.Debit(Bucket.Pending, 10_000)], rejected.Moves);
        Assert.True(OwnOp.Of(topUp).Decided(rejected).IsVoided);
    }

    [Fact]
    public void What_is_pending_is_never_handed_back() =>
        Assert.Null(Machine.Relinquish(Make.Here((Bucket.Pending, 500)), [new RevokeLine(Bucket.Pending, 0, 500)], Make.Id(2), Make.NowMs));

    [Fact]
    public void Bonus_is_taken_from_the_lot_that_ends_first_and_given_to_the_lot_of_today()
    {
        var taken = Adjust(BucketKind.Lot, -600, Make.Here((Make.LaterLot, 300), (Make.Lot, 500), (Make.ExpiredLot, 900))).Op!;
        Assert.Equal([Make.Debit(Make.Lot, 500, 500), Make.Debit(Make.LaterLot, 100, 300)], taken.Moves);

        var given = Assert.Single(Adjust(BucketKind.Lot, 70, Make.Here()).Op!.Moves);
        Assert.Equal((MoveKind.Credit, 70, Machine.LotFor(Make.Here(), new(1), Make.NowMs)), (given.Kind, given.AmountMinor, given.Bucket.Lot));
    }

    [Fact]
    public void Points_that_wait_for_the_hub_are_not_spent_but_taken_back_by_a_refund()
    {
        var here = Make.Here((Bucket.Points, 30));
        here.PendingPoints = 15;
        Assert.Equal(15, here.PointsHere);
        Assert.Equal(RejectionCode.InsufficientFunds, Machine.Redeem(new RedeemCommand(Make.Context(), Make.Member, 20, "cup"), here, Make.Id(2)).Rejection!.Code);

        var sale = new OwnOp(Make.Id(1), OpType.Sale, Make.Member, [Make.Debit(Bucket.Principal, 3_000), Make.Credit(Bucket.Points, 30)], 3_000);
        var refund = Machine.Refund(new RefundCommand(Make.Context(), sale.Id, 3_000), sale, here, Make.Id(2)).Op!;
        Assert.Equal(30, refund.AmountOf(MoveKind.Debit, Bucket.Points));
    }

    public static TheoryData<string, Op, string[]> Bookings => new()
    {
        { "pending", Make.Op(OpType.TopUp, Make.Credit(Bucket.Pending, 10)), ["store/1/tender-pending 10", "wallet/pending -10"] },
        { "declined", Make.Op(OpType.Adjust, Make.Debit(Bucket.Pending, 10)) with { Reference = Make.Id(1) }, ["store/1/tender-pending -10", "wallet/pending 10"] },
        {
            "made", Make.Op(OpType.Adjust, Make.Debit(Bucket.Pending, 10), Make.Credit(Bucket.Principal, 10), Make.Credit(Make.Lot, 1)) with { Reference = Make.Id(1) },
            ["store/1/bonus-granted 1", "store/1/cash 10", "store/1/tender-pending -10", "wallet/bonus -1", "wallet/pending 10", "wallet/principal -10"]
        },
        { "points given", Make.Op(OpType.Adjust, Make.Credit(Bucket.Points, 5)), ["store/1/adjustments 5", "wallet/points -5"] },
        { "principal taken", Make.Op(OpType.Adjust, Make.Debit(Bucket.Principal, 5)), ["store/1/adjustments -5", "wallet/principal 5"] },
    };

    [Theory]
    [MemberData(nameof(Bookings))]
    public void Each_op_is_booked_to_its_accounts(string what, Op op, string[] entries)
    {
        Assert.NotEmpty(what);
        Assert.Equal(entries, LedgerTransaction.Of(op, Make.Currency, new long[op.Moves.Count]).Entries.Select(entry => $"{entry.Account} {entry.AmountMinor}"));
    }

    private static TillDecision TopUp(TillMachine machine, long amount, MemberHere here, Tender tender = Tender.Cash, long open = 0) =>
        machine.TopUp(new TopUpCommand(Make.Context() with { Standing = new StoreStanding(open) }, Make.Member, amount) { Tender = tender }, here, Make.Id(2));

    private static TillDecision Decide(OwnOp? own, MemberHere here) => Machine.DecideTender(new TenderCommand(Make.Context(), Make.Id(1), true), own, here, Make.Id(2));

    private static TillDecision Adjust(BucketKind kind, long delta, MemberHere here, string reason = "why") =>
        Machine.Adjust(new AdjustCommand(Make.Context(), Make.Member, kind, delta, reason), here, Make.Id(2));
}
