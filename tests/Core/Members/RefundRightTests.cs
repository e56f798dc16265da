using SyncHub.Core.Cases;
using SyncHub.Core.Ledger;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Members;

/// <summary>One owner of each refund right: the selling store, after its day close the hub, then the store that the hub moved it to.</summary>
public sealed class RefundRightTests : ITurnContext
{
    private static readonly Op Sale = Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, 700), Make.Debit(Make.Lot, 300), Make.Credit(Bucket.Points, 10)) with { Id = Make.Id(2), BillMinor = 1_000 };

    private readonly MemberMachine _hub = new(new MemberState(Make.Member, Make.Currency));
    private readonly Dictionary<Holder, long> _closed = [];
    private readonly Dictionary<Holder, string> _reclaimed = [];

    public RefundRightTests()
    {
        _hub.Turn(new OpArrived(Make.Op(OpType.TopUp, Make.Credit(Bucket.Principal, 5_000), Make.Credit(Make.Lot, 500), Make.Credit(Bucket.Points, 5))), this);
        _hub.Turn(new OpArrived(Sale), this);
    }

    public long NowMs => Make.NowMs;

    public PlacementPolicy Policy { get; } = new() { UsualStores = 0 };

    public bool IsOnline(Holder holder) => true;

    public Holder? OnlineHolder(StoreId store) => Make.Holder(store.Value);

    public long NextAsk() => 1;

    public bool IsReconciling { get; private set; }

    public string? ReclaimPayer(Holder holder) => _reclaimed.GetValueOrDefault(holder);

    public long ClosedUpTo(Holder holder) => _closed.GetValueOrDefault(holder);

    [Fact]
    public void The_selling_store_keeps_its_right_until_its_day_close_is_here()
    {
        var refused = Ask(2, since: 1);

        Assert.Equal(RejectionCode.RefundRightElsewhere, refused.Refusal?.Code);
        Assert.Contains("Store 1", refused.Refusal!.Message, StringComparison.Ordinal);
        _closed[Make.Holder(1)] = 1; // a close before the sale
        Assert.Null(Ask(2, since: 1).Op);
    }

    [Fact]
    public void After_the_day_close_the_hub_moves_the_right_to_one_store_and_says_the_same_again_to_it()
    {
        _closed[Make.Holder(1)] = 3;

        var moved = Ask(2, since: 8);
        var again = Ask(2, since: 9);
        var other = Ask(3, since: 1);

        Assert.Equal(new RefundRight(Make.Holder(2), 8), moved.Op?.Right);
        Assert.Equal(moved.Op?.Right, again.Op?.Right);
        Assert.Equal(RejectionCode.RefundRightElsewhere, other.Refusal?.Code);
        Assert.Equal(RejectionCode.RefundRightElsewhere, Ask(1, since: 4).Refusal?.Code);
        Assert.Contains(new StoreId(2), _hub.State.Followers);
    }

    [Fact]
    public void A_right_that_was_not_used_goes_back_with_its_holders_day_close_and_may_move_again()
    {
        _closed[Make.Holder(1)] = 3;
        Ask(2, since: 8);
        Apply(Refund(2, 8, 400));
        _closed[Make.Holder(2)] = 7; // an old close
        Assert.Null(Ask(3, since: 1).Op);
        _closed[Make.Holder(2)] = 9;

        var moved = Ask(1, since: 20);

        Assert.Equal(new RefundRight(Make.Holder(1), 20), moved.Op?.Right);
        Assert.Equal(600, moved.Op?.RefundableMinor);
    }

    [Fact]
    public void Where_nothing_is_left_no_right_moves()
    {
        _closed[Make.Holder(1)] = 4;
        Apply(Refund(1, 3, 1_000));
        Assert.Equal(RejectionCode.RefundTooLarge, Ask(2, since: 1).Refusal?.Code);

        var topUp = new OwnOp(Make.Id(1), OpType.TopUp, Make.Member, [Make.Credit(Bucket.Principal, 5_000)], 5_000);
        Apply(new Op { Id = Make.Id(5), Type = OpType.Void, Member = Make.Member, Reference = topUp.Id, Moves = [Make.Debit(Bucket.Principal, 1_000)] }, topUp);
        Assert.Equal(RejectionCode.AlreadyVoided, Ask(2, since: 1, topUp).Refusal?.Code);
        Assert.Equal(RejectionCode.UnknownOp, Ask(2, since: 1, topUp with { Id = Make.Id(9), Type = OpType.Relinquish }).Refusal?.Code);
    }

    [Fact]
    public void A_refund_at_another_store_takes_the_sale_back_from_the_store_that_sold()
    {
        _closed[Make.Holder(1)] = 3;
        Ask(2, since: 1);

        var outcome = Apply(Refund(2, 1, 1_000));

        Assert.Equal(Classification.Normal, outcome.Classification);
        Assert.Contains(new LedgerEntry("store/1/sales", Make.Currency, 1_000), outcome.Transaction.Entries);
        Assert.DoesNotContain(outcome.Transaction.Entries, entry => entry.Account.StartsWith("store/2", StringComparison.Ordinal));
    }

    [Fact]
    public void A_top_up_that_another_store_voids_costs_that_stores_cash()
    {
        var topUp = new OwnOp(Make.Id(1), OpType.TopUp, Make.Member, [Make.Credit(Bucket.Principal, 5_000), Make.Credit(Make.Lot, 500)], 5_000);
        _closed[Make.Holder(1)] = 3;
        Ask(2, since: 1, topUp);
        _hub.Turn(new OpArrived(Make.Op(OpType.Relinquish, Make.Relinquish(Bucket.Principal, 4_300), Make.Relinquish(Make.Lot, 200)) with { Id = Make.Id(4) }), this);
        _hub.Turn(new RightsWanted(Make.Holder(2), 1, [new GrantedLine(Bucket.Principal, 4_300), new GrantedLine(Make.Lot, 200)], false), this);

        var outcome = Apply(
            new Op { Id = Make.Id(1, store: 2), Type = OpType.Void, Member = Make.Member, Reference = topUp.Id, Moves = [Make.Debit(Bucket.Principal, 4_300), Make.Debit(Make.Lot, 200)] }, topUp);

        Assert.Equal(Classification.Normal, outcome.Classification);
        Assert.Contains(new LedgerEntry("store/2/cash", Make.Currency, -4_300), outcome.Transaction.Entries);
        Assert.Contains(new LedgerEntry("store/1/bonus-granted", Make.Currency, -200), outcome.Transaction.Entries);
    }

    public static TheoryData<string, Func<Op>, bool> Violations => new()
    {
        { "by a store that was never given the right", () => Refund(2, 1, 10), true },
        { "after the own day close", () => Refund(1, 5, 10) with { ClosedUpTo = 4 }, true },
        { "above what the sale took", () => Refund(1, 3, 1_001), true },
        { "of an op that the hub does not have", () => Refund(1, 3, 10), false },
        { "of another member's op", () => Refund(1, 3, 10) with { Member = new MemberId(7) }, true },
        { "of more points than were earned", () => Refund(1, 3, 10) with { Moves = [Make.Debit(Bucket.Points, 11)] }, true },
    };

    [Theory]
    [MemberData(nameof(Violations))]
    public void A_refund_that_breaks_I10_is_booked_at_its_own_store_and_reported(string what, Func<Op> refund, bool isKnown)
    {
        var op = refund();

        var turn = _hub.Turn(new OpArrived(op) { Undoing = new Undoing(isKnown ? OwnOp.Of(Sale) : null) }, this);

        Assert.NotEmpty(what);
        var outcome = turn.Events[0].Outcome!;
        Assert.Equal(Classification.Anomaly, outcome.Classification);
        Assert.NotEmpty(outcome.Note);
        Assert.Equal(CaseKind.RefundExceeds, Assert.Single(turn.Cases).Kind);
        Assert.All(outcome.Transaction.Entries.Where(entry => entry.Account.StartsWith("store/", StringComparison.Ordinal)),
            entry => Assert.StartsWith($"store/{op.Id.Holder.Store}/", entry.Account, StringComparison.Ordinal));
    }

    [Fact]
    public void Two_owners_are_reported_even_where_both_together_stay_below_the_sale()
    {
        _closed[Make.Holder(1)] = 3;
        Ask(2, since: 1);

        Assert.Equal(Classification.Normal, Apply(Refund(2, 1, 100)).Classification);
        var second = Apply(Refund(1, 4, 100));

        Assert.Equal(Classification.Anomaly, second.Classification);
        Assert.Equal(200, _hub.State.UndoneOf(Sale.Id).GivenBack.Sum(move => move.AmountMinor));
    }

    [Fact]
    public void The_right_of_a_reclaimed_life_moves_and_what_that_life_still_did_with_it_costs_the_payer()
    {
        _reclaimed[Make.Holder(1)] = "hq/loss";
        var moved = Ask(2, since: 8);
        Assert.Equal(new RefundRight(Make.Holder(2), 8), moved.Op?.Right);
        Assert.Equal(Classification.Normal, Apply(Refund(2, 8, 1_000)).Classification);

        var late = Apply(Refund(1, 3, 900));
        Assert.Equal(Classification.Liability, late.Classification);
        Assert.Contains(new LedgerEntry("hq/loss", Make.Currency, 900), late.Transaction.Entries);
        Assert.Contains(new LedgerEntry("wallet/principal", Make.Currency, -900), late.Transaction.Entries);
        Assert.Equal(Classification.Anomaly, Apply(Refund(1, 4, 101)).Classification); // more than that life's right was worth
        Assert.Equal(1_000, _hub.State.UndoneOf(Sale.Id).GivenBack.Sum(move => move.AmountMinor));
        Assert.Equal(RejectionCode.RefundTooLarge, Ask(2, since: 9).Refusal?.Code);
    }

    [Fact]
    public void While_nobody_else_got_the_right_a_reclaimed_lifes_late_refund_is_a_refund_as_any_other()
    {
        _reclaimed[Make.Holder(1)] = "hq/loss";
        Assert.Equal(Classification.Normal, Apply(Refund(1, 3, 400)).Classification);
        Assert.Equal(600, Ask(2, since: 1).Op?.RefundableMinor);
    }

    [Fact]
    public void A_store_proves_its_right_to_a_hub_that_forgot_and_only_while_stores_are_heard_out()
    {
        Report(2, since: 8);
        Assert.Equal(RefundRight.AsLogged(Sale.Id), _hub.State.UndoneOf(Sale.Id).Right);
        IsReconciling = true;
        Report(2, since: 8);
        Report(2, since: 8);
        Assert.Equal(new RefundRight(Make.Holder(2), 8), _hub.State.UndoneOf(Sale.Id).Right);
        IsReconciling = false;
        _closed[Make.Holder(1)] = 3;
        Assert.Equal(RejectionCode.RefundRightElsewhere, Ask(3, since: 1).Refusal?.Code);
        Assert.Equal(Classification.Normal, Apply(Refund(2, 8, 100)).Classification);

        void Report(int store, long since) =>
            Assert.IsType<Answer>(Assert.Single(_hub.Turn(new RefundRightReported(Make.Holder(store), Sale.Id, since, this), this).Effects));
    }

    [Fact]
    public void A_refund_of_before_the_hub_checked_is_counted_and_not_judged()
    {
        var turn = _hub.Turn(new OpArrived(Refund(1, 3, 5_000)), this);

        Assert.Equal(Classification.Normal, turn.Events[0].Outcome!.Classification);
        Assert.Equal(5_000, Assert.Single(_hub.State.UndoneOf(Sale.Id).GivenBack).AmountMinor);
    }

    private static Op Refund(int store, long sequence, long amount) => new()
    {
        Id = Make.Id(sequence, store),
        Type = OpType.Refund,
        Member = Make.Member,
        Reference = Sale.Id,
        Moves = [Make.Credit(Bucket.Principal, amount)],
    };

    private OpOutcome Apply(Op op, OwnOp? original = null) => _hub.Turn(new OpArrived(op) { Undoing = new Undoing(original ?? OwnOp.Of(Sale)) }, this).Events[0].Outcome!;

    private SendRefundRight Ask(int store, long since, OwnOp? op = null) =>
        Assert.Single(_hub.Turn(new RefundRightWanted(Make.Holder(store), 1, op ?? OwnOp.Of(Sale), since), this).Effects.OfType<SendRefundRight>());
}
