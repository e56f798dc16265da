using SyncHub.Agent.Engine;
using SyncHub.Storage;

namespace SyncHub.Agent.Tests;

/// <summary>The store's lease: which clock it reads, what renews it, and that it is off where the policy names none.</summary>
public sealed class LeaseTests
{
    private const long Hour = 3_600_000;
    private readonly EngineDriver _store = new();
    private readonly string _member;
    private int _sales;

    public LeaseTests()
    {
        _member = _store.Register();
        _store.TopUp(_member, 10_000);
    }

    [Fact]
    public void Without_a_lease_a_store_sells_however_long_it_is_alone()
    {
        _store.NowMs += 10_000 * Hour;
        Assert.True(Sells());
        Assert.Equal(0, _store.Status().SpendByMs);
    }

    [Fact]
    public void It_ends_by_the_wall_clock_and_the_hubs_next_word_renews_it()
    {
        Use(leaseHours: 4);
        _store.NowMs += 4 * Hour;
        Assert.True(Sells());
        _store.NowMs += 1;
        Assert.False(Sells());
        Assert.Contains("not heard headquarters", _store.Status().Trouble, StringComparison.Ordinal);
        Assert.NotNull(_store.TopUp(_member, 5, "more").Receipt);

        _store.Turn(new HubHeard(_store.NowMs, 0));
        Assert.True(Sells());
        Assert.Empty(_store.Status().Trouble);
    }

    [Fact]
    public void A_wall_clock_that_is_set_back_extends_nothing_also_not_after_a_restart()
    {
        Use(leaseHours: 4);
        _store.NowMs += 3 * Hour;
        Assert.True(Sells());
        _store.NowMs -= 100 * Hour;
        Assert.True(Sells(elapsedMs: Hour));
        Assert.False(Sells(elapsedMs: Hour + 1));
        _store.TopUp(_member, 5, "writes the clock");
        _store.Crash();
        Assert.False(Sells());
    }

    [Fact]
    public void A_disk_that_fails_does_not_renew_it()
    {
        Use(leaseHours: 4);
        _store.NowMs += 4 * Hour;
        _store.Journal.FailNextCommit(JournalFault.DiskFull); // before the first op that would have written when the hub was heard
        _store.Turn(_store.Call(new V1.CloseDayRequest { RequestId = "fails" }));
        _store.NowMs += 1;
        Assert.False(Sells());
    }

    [Fact]
    public void A_clock_that_jumps_ahead_never_refuses_while_there_is_a_hub()
    {
        Use(leaseHours: 4);
        _store.NowMs += 1_000 * Hour;
        _store.IsOnline = true;
        Assert.True(Sells());
        _store.Turn(new HubHeard(_store.NowMs, 0));
        _store.IsOnline = false;
        Assert.True(Sells());
    }

    private void Use(int leaseHours)
    {
        _store.Turn(new PolicyArrived(_store.NowMs, new V1.PolicyDelta { Version = 1, LeaseMs = leaseHours * Hour }));
        _store.Turn(new HubHeard(_store.NowMs, 0));
    }

    private bool Sells(long elapsedMs = 0)
    {
        var call = _store.Call(new V1.SaleRequest { RequestId = FormattableString.Invariant($"sale-{++_sales}"), MemberId = _member, BillMinor = 10 }) with { ElapsedMs = elapsedMs };
        var answer = (V1.OpAnswer)_store.Turn(call)[0].Answer!;
        Assert.True(answer.Rejection is null || answer.Rejection.Code == V1.RejectionCode.LeaseEnded);
        return answer.Receipt is not null;
    }
}
