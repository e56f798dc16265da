using SyncHub.Core.Ledger;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Members;

public sealed class ExpiryTests : ITurnContext
{
    private static readonly int LastDay = Make.Lot.Lot.ExpiryDay;
    private readonly MemberMachine _hub = new(new MemberState(Make.Member, Make.Currency));
    private long _ask;

    public long NowMs { get; private set; } = Make.NowMs;

    public PlacementPolicy Policy { get; } = new() { UsualStores = 0 };

    public bool IsOnline(Holder holder) => true;

    public Holder? OnlineHolder(StoreId store) => Make.Holder(store.Value);

    public long NextAsk() => ++_ask;

    [Fact]
    public void On_its_last_day_a_lot_is_whole_and_the_day_after_its_free_part_is_breakage_once()
    {
        Arrive(Make.Op(OpType.TopUp, Make.Credit(Make.Lot, 500)) with { Id = Make.Id(1) });
        Arrive(Make.Op(OpType.Relinquish, Make.Relinquish(Make.Lot, 300)) with { Id = Make.Id(2) });
        NowMs = (LastDay * Calendar.DayMs) + Calendar.DayMs - 1;
        Assert.Empty(Sweep().Events);

        NowMs++;
        var expired = Assert.IsType<LotsExpired>(Assert.Single(Sweep().Events).Event);

        Assert.Equal(LastDay + 1, expired.Day);
        Assert.Equal([new LotBreakage(Make.Lot, 300)], expired.Lots);
        Assert.Equal((0, 200, 300), Numbers());
        Assert.Empty(Sweep().Events);
    }

    [Fact]
    public void Breakage_is_booked_from_the_wallet_and_sums_to_zero()
    {
        Free(300);
        NowMs = (LastDay + 1) * Calendar.DayMs;

        var entries = Sweep().Events[0].Outcome!.Transaction.Entries;

        Assert.Equal([new LedgerEntry("breakage", Make.Currency, -300), new LedgerEntry("wallet/bonus", Make.Currency, 300)], entries);
    }

    [Fact]
    public void What_a_store_holds_may_be_spent_late_and_what_comes_back_is_breakage_then()
    {
        Arrive(Make.Op(OpType.TopUp, Make.Credit(Make.Lot, 500)) with { Id = Make.Id(1) });
        NowMs = (LastDay + 1) * Calendar.DayMs;
        Sweep();

        var late = Arrive(Make.Op(OpType.Sale, Make.Debit(Make.Lot, 200)) with { Id = Make.Id(2) });
        Assert.Equal(Classification.Normal, Assert.Single(late.Effects.OfType<AcknowledgeOp>()).Classification);
        Assert.Equal((0, 300, 0), Numbers());

        Arrive(Make.Op(OpType.Relinquish, Make.Relinquish(Make.Lot, 300)) with { Id = Make.Id(3) });
        Assert.Equal((0, 0, 300), Numbers());
    }

    [Fact]
    public void Nothing_of_an_expired_lot_is_granted_even_to_the_till_that_waits_for_it()
    {
        Arrive(Make.Op(OpType.TopUp, Make.Credit(Make.Lot, 500)) with { Id = Make.Id(1) });
        Arrive(Make.Op(OpType.Relinquish, Make.Relinquish(Make.Lot, 300)) with { Id = Make.Id(2) });
        NowMs = (LastDay + 1) * Calendar.DayMs;

        var turn = _hub.Turn(new RightsWanted(Make.Holder(2), 1, [new GrantedLine(Make.Lot, 400)], Checkout: true), this);

        Assert.Empty(turn.Effects.OfType<SendRights>());
        Assert.Empty(turn.Effects.OfType<AskRevoke>());
        Assert.Single(turn.Effects.OfType<SendRightsReply>());
    }

    [Fact]
    public void An_expiry_that_is_applied_again_changes_nothing()
    {
        Free(300);
        var expired = new LotsExpired(LastDay + 1, [new LotBreakage(Make.Lot, 300)]);
        _hub.State.Apply(expired, NowMs);

        var again = _hub.State.Apply(expired, NowMs)!;

        Assert.Empty(again.Transaction.Entries);
        Assert.Equal((0, 0, 300), Numbers());
    }

    private void Free(long amount)
    {
        Arrive(Make.Op(OpType.TopUp, Make.Credit(Make.Lot, amount)) with { Id = Make.Id(1) });
        Arrive(Make.Op(OpType.Relinquish, Make.Relinquish(Make.Lot, amount)) with { Id = Make.Id(2) });
    }

    private (long Pool, long Total, long Breakage) Numbers()
    {
        var bucket = _hub.State.Find(Make.Lot)!;
        Assert.Null(bucket.FindBreach());
        return (bucket.Pool, bucket.Total, bucket.Breakage);
    }

    private TurnResult Sweep() => _hub.Turn(new SweepWanted("reply"), this);

    private TurnResult Arrive(Op op) => _hub.Turn(new OpArrived(op), this);
}
