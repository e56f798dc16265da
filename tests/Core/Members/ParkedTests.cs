using SyncHub.Core.Cases;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Members;

/// <summary>Parked ops: what waits behind one, and that all of it is taken up in order, once, and not in part.</summary>
public sealed class ParkedTests : ITurnContext
{
    private readonly MemberMachine _hub = new(new MemberState(Make.Member, Make.Currency));
    private long _clock = Make.NowMs;

    public long NowMs => _clock++; // every look at it is a later one

    public PlacementPolicy Policy { get; } = new() { UsualStores = 0 };

    public bool IsOnline(Holder holder) => true;

    public Holder? OnlineHolder(StoreId store) => Make.Holder(store.Value);

    public long NextAsk() => 1;

    [Fact]
    public void What_was_parked_is_booked_in_order_and_what_comes_next_waits_no_more()
    {
        Park(TopUp(1, 500));
        Arrive(Sale(2, 200)); // waits behind it
        Assert.Equal((0L, 1L), (_hub.State.TotalOf(Bucket.Principal), _hub.State.Parked[Make.Holder(1)]));

        var turn = Resume(TopUp(1, 500), Sale(2, 200));

        Assert.Equal(2, turn.Events.Count);
        Assert.IsType<Answer>(Assert.Single(turn.Effects));
        Assert.Empty(turn.Cases);
        Assert.Empty(_hub.State.Parked);
        Assert.Equal(300, _hub.State.TotalOf(Bucket.Principal));
        Assert.Equal(300, _hub.State.Find(Bucket.Principal)!.Find(Make.Holder(1))!.Outstanding);
        Assert.Empty(Arrive(Sale(2, 200)).Events); // its place was taken when it was parked
        Arrive(Sale(3, 100));
        Assert.Equal(200, _hub.State.TotalOf(Bucket.Principal));
    }

    [Fact]
    public void A_record_and_its_case_say_one_time()
    {
        var parked = _hub.Turn(new OpArrived(TopUp(1, 500)) { ParkBecause = "it cannot be decided" }, this);
        Assert.Equal(Assert.Single(parked.Events).RecordedAtMs, Assert.Single(parked.Cases).OpenedAtMs);

        var unbacked = _hub.Turn(new OpArrived(Sale(1, 200) with { Id = Make.Id(1, 2) }), this);
        Assert.Equal(Assert.Single(unbacked.Events).RecordedAtMs, Assert.Single(unbacked.Cases).OpenedAtMs);
    }

    [Fact]
    public void Other_chains_of_the_member_do_not_wait_and_are_not_touched()
    {
        Park(TopUp(1, 500));
        Arrive(TopUp(1, 70, store: 2));
        Park(TopUp(2, 30, store: 2));

        Resume(TopUp(1, 500));

        Assert.Equal(570, _hub.State.TotalOf(Bucket.Principal));
        Assert.Equal([Make.Holder(2)], _hub.State.Parked.Keys);
    }

    [Fact]
    public void A_part_of_a_chain_or_nothing_is_refused_and_changes_nothing()
    {
        Park(TopUp(1, 500));
        Arrive(Sale(2, 200));

        foreach (var some in new Op[][] { [TopUp(1, 500)], [Sale(2, 200)], [] })
        {
            var turn = Resume(some);
            Assert.Empty(turn.Events);
            Assert.IsType<Refused>(Assert.Single(turn.Effects));
        }

        Resume(TopUp(1, 500), Sale(2, 200));
        Assert.IsType<Refused>(Assert.Single(Resume(TopUp(1, 500), Sale(2, 200)).Effects));
    }

    [Fact]
    public void What_stands_in_another_chain_of_the_same_log_waits_too_and_is_taken_up_with_it()
    {
        var receipt = new Holder(Make.Holder(1).Store, Make.Holder(1).Incarnation with { Value = Make.Holder(1).Incarnation.Value + 7 });
        _hub.Turn(new OpArrived(Sale(3, 200)) { Place = new OpId(receipt, 3), ParkBecause = "it cannot be decided" }, this); // a receipt, of which HQ had not heard what was before
        Arrive(TopUp(1, 500));
        Arrive(Sale(2, 100));
        Assert.Equal(400, _hub.State.TotalOf(Bucket.Principal)); // what came before it does not wait

        Arrive(Sale(4, 50));
        Assert.Equal(400, _hub.State.TotalOf(Bucket.Principal));
        Assert.Equal((2, 3L), (_hub.State.Parked.Count, _hub.State.FirstParkedOf(Make.Holder(1))));

        Assert.IsType<Refused>(Assert.Single(Resume(Sale(4, 50)).Effects)); // not a part of it
        var turn = _hub.Turn(new ResumeParkedWanted(Make.Holder(1), [new OpArrived(Sale(3, 200)) { Place = new OpId(receipt, 3) }, new OpArrived(Sale(4, 50))], this), this);
        Assert.IsType<Answer>(Assert.Single(turn.Effects));
        Assert.Empty(_hub.State.Parked);
        Assert.Equal(150, _hub.State.TotalOf(Bucket.Principal));
    }

    [Fact]
    public void A_taken_up_op_without_a_right_is_a_liability_as_it_would_have_been()
    {
        Park(Sale(1, 200));
        var turn = Resume(Sale(1, 200));
        Assert.Equal(CaseKind.UnbackedUse, Assert.Single(turn.Cases).Kind);
        Assert.Equal(0, _hub.State.TotalOf(Bucket.Principal));
    }

    private static Op TopUp(long sequence, long amount, int store = 1) => Make.Op(OpType.TopUp, Make.Credit(Bucket.Principal, amount)) with { Id = Make.Id(sequence, store) };

    private static Op Sale(long sequence, long amount) => Make.Op(OpType.Sale, Make.Debit(Bucket.Principal, amount)) with { Id = Make.Id(sequence), BillMinor = amount };

    private TurnResult Arrive(Op op) => _hub.Turn(new OpArrived(op), this);

    private void Park(Op op) => Assert.Equal(CaseKind.ParkedOp, Assert.Single(_hub.Turn(new OpArrived(op) { ParkBecause = "it cannot be decided" }, this).Cases).Kind);

    private TurnResult Resume(params Op[] ops) => _hub.Turn(new ResumeParkedWanted(Make.Holder(1), [.. ops.Select(op => new OpArrived(op))], this), this);
}
