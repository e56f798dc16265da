using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Members;

public sealed class MemberMachineTests : ITurnContext
{
    private readonly MemberMachine _hub = new(new MemberState(Make.Member, Make.Currency));
    private readonly HashSet<Holder> _offline = [];
    private long _ask;

    public long NowMs => Make.NowMs;

    public PlacementPolicy Policy { get; } = new() { UsualStores = 0 };

    public bool IsOnline(Holder holder) => !_offline.Contains(holder);

    public Holder? OnlineHolder(StoreId store) => IsOnline(Make.Holder(store.Value)) ? Make.Holder(store.Value) : null;

    public long NextAsk() => ++_ask;

    [Fact]
    public void A_request_for_rights_is_granted_up_to_the_pool_and_a_repeated_one_gets_nothing_more()
    {
        Pool(100);

        Assert.Equal([new GrantedLine(Bucket.Principal, 60)], Granted(Want(2, 60)));
        Assert.Empty(Granted(Want(2, 60)));
        Assert.Equal([new GrantedLine(Bucket.Principal, 100)], Granted(Want(2, 500)));
    }

    [Fact]
    public void Two_targets_for_one_bucket_are_one_request_for_the_larger()
    {
        Pool(200);

        var granted = Granted(_hub.Turn(new RightsWanted(Make.Holder(2), 1, [new(Bucket.Principal, 150), new(Bucket.Principal, 100)], false), this));

        Assert.Equal([new GrantedLine(Bucket.Principal, 150)], granted);
        Assert.Equal(150, _hub.State.Find(Bucket.Principal)!.Find(Make.Holder(2))!.Granted);
    }

    [Fact]
    public void Two_targets_for_one_bucket_ask_a_holder_once()
    {
        TopUp(1, 1, 100);

        var turn = _hub.Turn(new RightsWanted(Make.Holder(2), 1, [new(Bucket.Principal, 50), new(Bucket.Principal, 60)], true), this);

        Assert.Equal([new RevokeLine(Bucket.Principal, 40, 0)], Assert.Single(turn.Effects.OfType<AskRevoke>()).Lines);
    }

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(-1)]
    [InlineData(0)]
    public void A_target_below_what_was_granted_gets_nothing_and_breaks_nothing(long target)
    {
        Pool(100);
        Want(2, 60);

        var turn = Want(2, target);

        Assert.Empty(Granted(turn));
        Assert.Single(turn.Effects.OfType<SendRightsReply>());
    }

    [Fact]
    public void A_huge_target_gets_the_pool()
    {
        Pool(100);

        Assert.Equal([new GrantedLine(Bucket.Principal, 100)], Granted(Want(2, long.MaxValue)));
    }

    [Fact]
    public void Nothing_is_granted_to_a_store_that_is_offline()
    {
        Pool(100);
        _offline.Add(Make.Holder(2));

        Assert.Empty(Granted(Want(2, 60)));
        Assert.Equal(100, _hub.State.Find(Bucket.Principal)!.Pool);
    }

    [Fact]
    public void A_checkout_asks_the_largest_online_holder_first_and_no_more_than_needed()
    {
        TopUp(1, 1, 100);
        TopUp(3, 1, 500);
        TopUp(4, 1, 900);
        _offline.Add(Make.Holder(4));

        var turn = Want(2, 400, checkout: true);

        var ask = Assert.Single(turn.Effects.OfType<AskRevoke>());
        Assert.Equal(Make.Holder(3), ask.Holder);
        Assert.Empty(turn.Effects.OfType<SendRightsReply>());
        Assert.Equal(ask.Ask, Assert.Single(turn.Effects.OfType<StartDeadline>()).Ask);
        Assert.True(_hub.IsWaiting);
    }

    [Fact]
    public void What_comes_back_goes_to_the_checkout_that_waits_and_its_till_is_answered_once()
    {
        TopUp(1, 1, 500);
        Want(2, 400, checkout: true);

        var turn = Arrive(1, Make.Op(OpType.Relinquish, Make.Relinquish(Bucket.Principal, 500)) with { Id = Make.Id(2) });

        Assert.Equal([new GrantedLine(Bucket.Principal, 400)], Granted(turn));
        Assert.Single(turn.Effects.OfType<SendRightsReply>());
        Assert.False(_hub.IsWaiting);
        Assert.Empty(_hub.Turn(new RevokeAnswered(Make.Holder(1), 1), this).Effects);
        Assert.Empty(_hub.Turn(new RevokeExpired(1), this).Effects);
    }

    [Fact]
    public void A_checkout_ends_when_all_have_answered_or_the_deadline_passes_and_a_late_answer_is_ignored()
    {
        TopUp(1, 1, 500);
        TopUp(3, 1, 300);
        Want(2, 700, checkout: true);

        Assert.Empty(_hub.Turn(new RevokeAnswered(Make.Holder(1), 1), this).Effects);
        Assert.Empty(_hub.Turn(new RevokeAnswered(Make.Holder(1), 1), this).Effects);
        Assert.Single(_hub.Turn(new RevokeAnswered(Make.Holder(3), 1), this).Effects.OfType<SendRightsReply>());

        Want(2, 700, checkout: true);
        Assert.Single(_hub.Turn(new RevokeExpired(2), this).Effects.OfType<SendRightsReply>());
        Assert.Empty(_hub.Turn(new RevokeAnswered(Make.Holder(3), 2), this).Effects);
    }

    [Fact]
    public void A_debit_without_a_right_is_taken_from_the_pool_first_and_the_store_bears_the_rest()
    {
        Pool(100);

        var turn = Arrive(2, Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, 130)) with { Id = Make.Id(1, store: 2) });

        var acknowledged = Assert.Single(turn.Effects.OfType<AcknowledgeOp>());
        Assert.Equal(Classification.Anomaly, acknowledged.Classification);
        var bucket = _hub.State.Find(Bucket.Principal)!;
        Assert.Equal((0, 0, 30, 130), (bucket.Pool, bucket.Total, bucket.Loss, bucket.Unbacked));
        Assert.Contains(turn.Events[0].Outcome!.Transaction.Entries, entry => entry is { Account: "store/2/loss", AmountMinor: 30 });
        Assert.Equal(0, turn.Events[0].Outcome!.Transaction.Entries.Sum(entry => entry.AmountMinor));
    }

    [Fact]
    public void A_store_that_saw_more_grants_than_the_hub_made_is_an_anomaly()
    {
        Pool(100);
        Want(2, 60);

        var turn = Arrive(2, Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, 10, grantedSeen: 61)) with { Id = Make.Id(1, store: 2) });

        Assert.Equal(Classification.Anomaly, Assert.Single(turn.Effects.OfType<AcknowledgeOp>()).Classification);
    }

    [Fact]
    public void A_second_copy_of_an_op_is_acknowledged_and_changes_nothing()
    {
        TopUp(1, 1, 100);

        var turn = TopUp(1, 1, 100);

        Assert.Empty(turn.Events);
        Assert.Single(turn.Effects.OfType<AcknowledgeOp>());
        Assert.Equal(100, _hub.State.MoneyMinor);
    }

    [Fact]
    public void Parcels_are_used_oldest_first_and_merge_by_origin_and_terms()
    {
        TopUp(1, 1, 100);
        TopUp(3, 1, 50);
        TopUp(1, 2, 20);
        Assert.Equal([new PrincipalParcel(new(1), 1, 120), new PrincipalParcel(new(3), 1, 50)], _hub.State.Parcels);

        Arrive(1, Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, 120)) with { Id = Make.Id(3) });

        Assert.Equal([new PrincipalParcel(new(3), 1, 50)], _hub.State.Parcels);
    }

    // Store 1 takes the money in and hands the rights back, so that all of it is free.
    private void Pool(long amount)
    {
        TopUp(1, 1, amount);
        Arrive(1, Make.Op(OpType.Relinquish, Make.Relinquish(Bucket.Principal, amount)) with { Id = Make.Id(2) });
        Assert.Equal(amount, _hub.State.Find(Bucket.Principal)!.Pool);
    }

    private TurnResult TopUp(int store, long sequence, long amount) => Arrive(store, Make.Op(OpType.TopUp, Make.Credit(Bucket.Principal, amount)) with { Id = Make.Id(sequence, store) });

    private TurnResult Arrive(int store, Op op)
    {
        Assert.Equal(Make.Holder(store), op.Id.Holder);
        return _hub.Turn(new OpArrived(op), this);
    }

    private TurnResult Want(int store, long target, bool checkout = false) =>
        _hub.Turn(new RightsWanted(Make.Holder(store), 1, [new GrantedLine(Bucket.Principal, target)], checkout), this);

    private static GrantedLine[] Granted(TurnResult turn) => [.. turn.Events.Select(applied => applied.Event).OfType<RightsGranted>().SelectMany(rights => rights.Lines)];
}
