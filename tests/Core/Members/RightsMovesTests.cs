using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Members;

/// <summary>How the member's machine moves rights: by placement, and under two tills that want the same.</summary>
public sealed class RightsMovesTests : ITurnContext
{
    private readonly MemberMachine _hub = new(new MemberState(Make.Member, Make.Currency));
    private readonly Dictionary<int, long> _logged = [];
    private long _ask;

    public long NowMs { get; private set; } = Make.NowMs;

    public PlacementPolicy Policy { get; init; } = new();

    public bool IsOnline(Holder holder) => true;

    public Holder? OnlineHolder(StoreId store) => Make.Holder(store.Value);

    public long NextAsk() => ++_ask;

    [Fact]
    public void What_was_given_for_a_checkout_is_not_taken_by_another_before_it_is_over()
    {
        TopUp(1, 1_000);
        Want(2, 1_000);
        Relinquish(1, 1_000); // goes to the till at store 2

        Assert.Empty(Asks(Want(3, 1_000)));
        NowMs += Policy.MinHoldMs;
        Assert.Equal(Make.Holder(2), Assert.Single(Asks(Want(3, 1_000))).Holder);
    }

    [Fact]
    public void A_finished_checkout_holds_nothing()
    {
        TopUp(1, 1_000);
        Want(2, 1_000);
        Relinquish(1, 1_000);
        Arrive(2, Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, 400)) with { BillMinor = 400 });

        Assert.Equal(Make.Holder(2), Assert.Single(Asks(Want(3, 500))).Holder);
    }

    [Fact]
    public void A_clock_that_is_set_back_holds_nothing()
    {
        TopUp(1, 1_000);
        Want(2, 1_000);
        Relinquish(1, 1_000);
        NowMs -= 1;

        Assert.Single(Asks(Want(3, 1_000)));
    }

    [Fact]
    public void A_store_is_asked_for_what_is_missing_and_keeps_the_rest()
    {
        TopUp(1, 1_000);

        Assert.Equal([new RevokeLine(Bucket.Principal, 700, 0)], Assert.Single(Asks(Want(2, 300))).Lines);
    }

    [Fact]
    public void The_op_that_hands_rights_back_is_the_answer_even_where_it_is_less_than_was_asked_for()
    {
        TopUp(1, 1_000);
        Want(2, 900);

        var turn = Relinquish(1, 250);

        Assert.Single(turn.Effects.OfType<SendRightsReply>());
        Assert.Empty(turn.Effects.OfType<SendRights>()); // the reply says it
        Assert.False(_hub.IsWaiting);
        Assert.Equal(250, _hub.State.Find(Bucket.Principal)!.Find(Make.Holder(2))!.Granted);
    }

    [Fact]
    public void After_a_sale_the_surplus_of_a_top_up_is_spread_over_the_usual_stores()
    {
        BuyAtTwoStoresInTurnsAndTopUpAtTheFirst();
        var sale = Arrive(1, Sale(2_000));
        var ask = Assert.Single(Asks(sale));
        Assert.Equal(Make.Holder(1), ask.Holder);
        var line = Assert.Single(ask.Lines);
        var back = Relinquish(1, 10_000 - line.KeepLevel);

        var granted = Assert.Single(back.Effects.OfType<SendRights>());
        Assert.Equal(Make.Holder(2), granted.Holder);
        Assert.True(_hub.State.Find(Bucket.Principal)!.Find(Make.Holder(2))!.Outstanding >= 2_000);
    }

    [Theory]
    [InlineData(OpType.Sale, false)]
    [InlineData(OpType.TopUp, false)]
    [InlineData(OpType.Sale, true)]
    public void Rights_are_placed_once_for_a_batch_after_its_last_op_whatever_that_is(OpType last, bool isSentAgain)
    {
        BuyAtTwoStoresInTurnsAndTopUpAtTheFirst();
        var first = new OpArrived(Sale(2_000) with { Id = Make.Id(_logged[1] + 1, 1) });
        Assert.Empty(Asks(_hub.Turn(first with { PlacesLater = true }, this)));
        _logged[1]++;

        var end = isSentAgain ? _hub.Turn(first, this) : Arrive(1, last == OpType.Sale ? Sale(10) : Make.Op(last, Make.Credit(Bucket.Principal, 10)));

        Assert.Equal(Make.Holder(1), Assert.Single(Asks(end)).Holder);
        Assert.Empty(Asks(Arrive(1, Make.Op(OpType.TopUp, Make.Credit(Bucket.Principal, 10))))); // a top-up alone places nothing
    }

    [Fact]
    public void The_newest_sixteen_baskets_are_remembered_and_only_those_in_which_the_wallet_paid()
    {
        TopUp(1, 100_000);
        for (var i = 1; i <= 20; i++)
        {
            Arrive(1, Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, i)) with { BillMinor = 100 + i, DiscountMinor = 10 });
        }

        Arrive(1, Make.Op(OpType.Sale) with { BillMinor = 7_000, OtherTenderMinor = 7_000 });

        Assert.Equal(Enumerable.Range(5, 16).Select(i => 90L + i), _hub.State.RecentBaskets);
    }

    private void BuyAtTwoStoresInTurnsAndTopUpAtTheFirst()
    {
        for (var i = 0; i < 6; i++)
        {
            TopUp(1 + (i % 2), 2_000);
            Arrive(1 + (i % 2), Sale(2_000));
        }

        TopUp(1, 12_000);
    }

    private static Op Sale(long amount) => Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, amount)) with { BillMinor = amount };

    private void TopUp(int store, long amount) => Arrive(store, Make.Op(OpType.TopUp, Make.Credit(Bucket.Principal, amount)));

    private TurnResult Relinquish(int store, long amount) => Arrive(store, Make.Op(OpType.Relinquish, Make.Relinquish(Bucket.Principal, amount)));

    private TurnResult Arrive(int store, Op op) => _hub.Turn(new OpArrived(op with { Id = Make.Id(_logged[store] = _logged.GetValueOrDefault(store) + 1, store) }), this);

    private TurnResult Want(int store, long missing) => _hub.Turn(new RightsWanted(Make.Holder(store), 1,
        [new GrantedLine(Bucket.Principal, (_hub.State.Find(Bucket.Principal)?.Find(Make.Holder(store))?.Granted ?? 0) + missing)], true), this);

    private static AskRevoke[] Asks(TurnResult turn) => [.. turn.Effects.OfType<AskRevoke>()];
}
