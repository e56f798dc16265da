using SyncHub.Core.Cases;
using SyncHub.Core.Identity;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Members;

/// <summary>A restored hub that finds more held, or spent, of a member than there is.</summary>
public sealed class ShortfallTests : ITurnContext
{
    private readonly MemberMachine _hub = new(new MemberState(Make.Member, Make.Currency));
    private readonly Dictionary<int, long> _sequences = [];
    private readonly Dictionary<Holder, string> _payers = [];
    private bool _endsWhenAsked;
    private int _asked;

    public long NowMs => Make.NowMs;

    public PlacementPolicy Policy { get; } = new() { UsualStores = 0 };

    // Asked a second time it says that the last store was heard out meanwhile, as another thread may have made it.
    public bool IsReconciling
    {
        get => field && !(_endsWhenAsked && _asked++ > 0);
        set => (field, _asked) = (value, 0);
    }

    public string? ReclaimPayer(Holder holder) => IsReconciling ? null : _payers.GetValueOrDefault(holder);

    public bool IsOnline(Holder holder) => false;

    public Holder? OnlineHolder(StoreId store) => null;

    public long NextAsk() => 1;

    private BucketState Principal => _hub.State.Find(Bucket.Principal)!;

    [Fact]
    public void A_sale_that_is_heard_before_the_top_up_that_paid_for_it_is_owed_until_then()
    {
        IsReconciling = true;
        Arrive(1, OpType.Sale, Make.Debit(Bucket.Principal, 100, grantedSeen: 100));
        Assert.Equal((-100, -100), (Principal.Pool, Principal.Total));

        Arrive(2, OpType.TopUp, Make.Credit(Bucket.Principal, 130));
        Arrive(2, OpType.Relinquish, Make.Relinquish(Bucket.Principal, 100));
        IsReconciling = false;
        var turn = Touch();

        Assert.Empty(turn.Events);
        Assert.Equal((0, 30, 30), (Principal.Pool, Principal.Total, Assert.Single(_hub.State.Parcels).RemainingMinor));
    }

    [Fact]
    public void What_is_held_beyond_the_wallet_is_reclaimed_from_the_largest_holder_when_all_stores_were_heard()
    {
        Arrive(1, OpType.TopUp, Make.Credit(Bucket.Principal, 100));
        IsReconciling = true;
        Report(2, Bucket.Principal, 60); // granted out of a reclaim that the hub has forgotten
        Assert.Equal(-60, Principal.Pool);
        Assert.Empty(Touch().Events);

        IsReconciling = false;
        var released = Assert.IsType<LinesReleased>(Assert.Single(Touch().Events).Event);

        Assert.Equal((Make.Holder(1), ReleaseKind.Reclaimed, Shortfall.Approver), (released.Holder, released.Kind, released.Approver));
        Assert.Equal((40, 100, 60), (Principal.Pool, Principal.Find(Make.Holder(1))!.Disowned, Principal.Find(Make.Holder(2))!.Outstanding));
        Assert.Empty(Touch().Events);

        // The store goes on using it: from the wallet as far as that reaches, then on the payer.
        var late = Arrive(1, OpType.Sale, Make.Debit(Bucket.Principal, 100));
        Assert.Equal(Classification.Liability, late.Events.Single(applied => applied.Outcome is not null).Outcome!.Classification);
        Assert.Equal((60, 60), (Principal.Loss, Principal.Total));
    }

    [Fact]
    public void Of_a_life_that_was_given_up_it_is_reclaimed_before_a_living_store_is_touched_and_its_payer_bears_it()
    {
        Arrive(1, OpType.TopUp, Make.Credit(Bucket.Principal, 100));
        Arrive(3, OpType.TopUp, Make.Credit(Bucket.Principal, 70));
        IsReconciling = true;
        Report(2, Bucket.Principal, 60);

        IsReconciling = false;
        _payers[Make.Holder(3)] = "hq/loss"; // its release is under way, and has not come to this member yet
        var released = Assert.IsType<LinesReleased>(Assert.Single(Touch().Events).Event);

        Assert.Equal((Make.Holder(3), "hq/loss", 70), (released.Holder, released.Payer, released.Lines.Single().Amount));
        Assert.Equal((10, 100), (Principal.Pool, Principal.Find(Make.Holder(1))!.Outstanding));
    }

    [Fact]
    public void A_turn_in_whose_midst_the_last_store_is_heard_out_ends_as_it_began()
    {
        IsReconciling = _endsWhenAsked = true;
        Arrive(1, OpType.Sale, Make.Debit(Bucket.Principal, 100, grantedSeen: 100)); // else a breach, and an honest op would be parked

        Assert.Equal(-100, Principal.Pool);
        IsReconciling = false;
        Assert.Equal(new ShortfallBorne(Bucket.Principal, 100), Assert.Single(Touch().Events).Event);
    }

    [Fact]
    public void What_was_spent_beyond_the_wallet_the_chain_bears()
    {
        Arrive(1, OpType.TopUp, Make.Credit(Bucket.Principal, 100));
        IsReconciling = true;
        Arrive(2, OpType.Sale, Make.Debit(Bucket.Principal, 60, grantedSeen: 60));
        Arrive(1, OpType.Sale, Make.Debit(Bucket.Principal, 100));
        Assert.Equal(-60, Principal.Total);

        IsReconciling = false;
        var turn = Touch();
        var borne = Assert.Single(turn.Events);
        var opened = Assert.Single(turn.Cases);

        Assert.Equal((CaseKind.LiabilityReclaimed, 60, "hub/loss"), (opened.Kind, opened.AmountMinor, opened.PayerAccount));
        Assert.Equal(new ShortfallBorne(Bucket.Principal, 60), borne.Event);
        Assert.Equal(["hub/loss 60", "wallet/principal -60"], borne.Outcome!.Transaction.Entries.Select(entry => $"{entry.Account} {entry.AmountMinor}"));
        Assert.Equal((0, 0, 60), (Principal.Pool, Principal.Total, Principal.Loss));
        Arrive(1, OpType.TopUp, Make.Credit(Bucket.Principal, 20));
        Assert.Equal(20, Assert.Single(_hub.State.Parcels).RemainingMinor);
    }

    [Fact]
    public void A_right_to_credit_proves_the_limit_that_the_hub_has_forgotten()
    {
        IsReconciling = true;
        Report(1, Bucket.Credit, 300);
        IsReconciling = false;

        Assert.Equal(new CreditLimitSet(300) { IsDerived = true }, Assert.Single(Touch().Events).Event);
        Assert.Equal((0, 300), (_hub.State.Find(Bucket.Credit)!.Pool, _hub.State.Credit.LimitMinor));
    }

    private TurnResult Touch() => _hub.Turn(new SweepWanted("reply"), this);

    private void Report(int store, Bucket bucket, long granted) => _hub.Turn(new LinesReported(Make.Holder(store), [new GrantedLine(bucket, granted)], "reply"), this);

    private TurnResult Arrive(int store, OpType type, params Move[] moves)
    {
        var sequence = _sequences[store] = _sequences.GetValueOrDefault(store) + 1;
        return _hub.Turn(new OpArrived(Make.Op(type, moves) with { Id = Make.Id(sequence, store) }), this);
    }
}
