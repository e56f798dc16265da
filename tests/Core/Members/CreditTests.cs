using SyncHub.Core.Cases;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Members;

/// <summary>Credit limits, advances and settlement at the hub.</summary>
public sealed class CreditTests : ITurnContext
{
    private readonly MemberMachine _hub = new(new MemberState(Make.Member, Make.Currency));
    private long _sequence;

    public long NowMs => Make.NowMs;

    public PlacementPolicy Policy { get; } = new() { UsualStores = 0 };

    public long FloorLimitMinor { get; set; } = 60;

    public bool IsOnline(Holder holder) => true;

    public Holder? OnlineHolder(StoreId store) => Make.Holder(store.Value);

    public long NextAsk() => 1;

    [Fact]
    public void A_limit_is_free_credit_and_is_granted_like_money()
    {
        Limit(500);
        _hub.Turn(new RegisterWanted(MemberProfile.Empty, "reply"), this);

        var turn = _hub.Turn(new IdentifyWanted(Make.Holder(2), 1, Prefetch: true), this);

        Assert.Equal([new GrantedLine(Bucket.Credit, 500)], Assert.Single(turn.Events.Select(applied => applied.Event).OfType<RightsGranted>()).Lines);
        Assert.Equal(500, Credit.Find(Make.Holder(2))!.Outstanding);
    }

    [Fact]
    public void A_lowered_limit_takes_only_what_is_free_and_the_rest_as_it_comes_back()
    {
        Limit(500);
        _hub.Turn(new RightsWanted(Make.Holder(1), 1, [new GrantedLine(Bucket.Credit, 300)], false), this);

        Limit(100);
        Assert.Equal((0, 300), (Credit.Pool, Credit.Total));

        Arrive(OpType.Relinquish, Make.Relinquish(Bucket.Credit, 250));
        Assert.Equal((50, 100), (Credit.Pool, Credit.Total));
        Assert.Empty(_hub.Turn(new CreditLimitWanted(100, "reply"), this).Events);
    }

    [Fact]
    public void Used_credit_is_a_debt_that_free_principal_settles_and_the_credit_is_free_again()
    {
        Limit(500);
        _hub.Turn(new RightsWanted(Make.Holder(1), 1, [new GrantedLine(Bucket.Credit, 300)], false), this);
        Arrive(OpType.Sale, Make.Debit(Bucket.Credit, 200, 300));
        Assert.Equal((200, 200), (_hub.State.Credit.ReceivableMinor, Credit.Pool));
        Arrive(OpType.TopUp, Make.Credit(Bucket.Principal, 1_000));

        var turn = Arrive(OpType.Relinquish, Make.Relinquish(Bucket.Principal, 700));

        Assert.Equal(new ReceivableSettled(200), turn.Events[1].Event);
        Assert.Equal((0, 400, 500), (_hub.State.Credit.ReceivableMinor, Credit.Pool, _hub.State.Find(Bucket.Principal)!.Pool));
        Assert.Equal(["member/receivable -200", "wallet/principal 200"], turn.Events[1].Outcome!.Transaction.Entries.Select(entry => $"{entry.Account} {entry.AmountMinor}"));
    }

    [Fact]
    public void An_advance_within_the_floor_is_normal_and_beyond_it_an_anomaly_and_both_are_owed()
    {
        Assert.Equal(Classification.Normal, Judge(Arrive(OpType.Sale, Make.Advance(60))));
        var turn = Arrive(OpType.Sale, Make.Advance(1));

        Assert.Equal(Classification.Anomaly, Judge(turn));
        Assert.Equal(CaseKind.Other, Assert.Single(turn.Cases).Kind);
        Assert.Equal(61, _hub.State.Credit.ReceivableMinor);
        Assert.Equal(Classification.Anomaly, Judge(Arrive(OpType.Sale, 2, Make.Advance(61))));
    }

    [Fact]
    public void An_advance_is_judged_by_the_floor_of_its_day_whenever_it_is_replayed()
    {
        var applied = Arrive(OpType.Sale, Make.Advance(60)).Events[0];
        FloorLimitMinor = 0;

        var again = new MemberState(Make.Member, Make.Currency).Apply(applied.Event, NowMs)!;

        Assert.Equal(Classification.Normal, again.Classification);
    }

    [Fact]
    public void A_sale_that_is_undone_after_its_debt_was_settled_gives_principal_back()
    {
        Arrive(OpType.Sale, Make.Advance(50));
        Arrive(OpType.TopUp, Make.Credit(Bucket.Principal, 30));
        Arrive(OpType.Relinquish, Make.Relinquish(Bucket.Principal, 30));
        Assert.Equal(20, _hub.State.Credit.ReceivableMinor);

        var turn = Arrive(OpType.Void, Make.Settle(50));

        Assert.Equal((0, 30), (_hub.State.Credit.ReceivableMinor, _hub.State.Find(Bucket.Principal)!.Pool));
        Assert.Equal(["member/receivable -20", "store/1/sales 50", "wallet/principal -30"],
            turn.Events[0].Outcome!.Transaction.Entries.Select(entry => $"{entry.Account} {entry.AmountMinor}"));
    }

    [Fact]
    public void A_top_up_that_cannot_be_taken_back_is_owed_against_the_cash_that_was_given_out()
    {
        Arrive(OpType.TopUp, Make.Credit(Bucket.Principal, 100), Make.Credit(Make.Lot, 10));
        Arrive(OpType.Sale, Make.Debit(Bucket.Principal, 70), Make.Debit(Make.Lot, 10));

        var turn = Arrive(OpType.Void, Make.Debit(Bucket.Principal, 30), Make.Advance(70), Make.Advance(10) with { Bucket = Make.Lot });

        Assert.Equal(Classification.Normal, Judge(turn));
        Assert.Equal((80, 0), (_hub.State.Credit.OwedMinor, _hub.State.MoneyMinor));
        Assert.Equal(["member/receivable 80", "store/1/bonus-granted -10", "store/1/cash -100", "wallet/principal 30"],
            turn.Events[0].Outcome!.Transaction.Entries.Select(entry => $"{entry.Account} {entry.AmountMinor}"));
    }

    private BucketState Credit => _hub.State.Find(Bucket.Credit)!;

    private static Classification Judge(TurnResult turn) => Assert.Single(turn.Effects.OfType<AcknowledgeOp>()).Classification;

    private void Limit(long limit) => Assert.Single(_hub.Turn(new CreditLimitWanted(limit, "reply"), this).Events);

    private TurnResult Arrive(OpType type, params Move[] moves) => Arrive(type, 1, moves);

    private TurnResult Arrive(OpType type, int store, params Move[] moves) =>
        _hub.Turn(new OpArrived(Make.Op(type, moves) with { Id = Make.Id(++_sequence, store), Reference = type == OpType.Void ? Make.Id(1) : null }), this);
}
