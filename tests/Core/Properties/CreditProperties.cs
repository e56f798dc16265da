using SyncHub.Core.Members;
using SyncHub.Core.Rules;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Properties;

/// <summary>Random histories with credit limits and a floor: stores advance offline, sales are undone late, top-ups are voided on account.</summary>
public sealed class CreditProperties
{
    // I15 holds after every step (TestNetwork.Check); at rest, wallet less debt is what the stores' logs say, however often the hub settled.
    [Fact]
    public void The_debt_never_exceeds_its_bound_and_nothing_is_lost_between_wallet_and_debt() => SeededRandom.ForEachSeed(300, seed =>
    {
        var network = Run(seed);
        network.Settle();
        network.Check();

        var state = network.Hub.State;
        Assert.Equal(network.Oracle.GetValueOrDefault(Bucket.Principal) - network.OnAccountMinor, state.TotalOf(Bucket.Principal) - state.Credit.ReceivableMinor);
        Assert.True(state.Credit.ReceivableMinor == 0 || (state.Find(Bucket.Principal)?.Pool ?? 0) == 0, "free principal lies beside a debt");
        Assert.True(state.TotalOf(Bucket.Credit) + state.Credit.UsedMinor >= state.Credit.LimitMinor, "less credit is in being than HQ allows");
    });

    [Fact]
    public void A_replay_of_the_events_makes_the_same_debt() => SeededRandom.ForEachSeed(50, seed =>
    {
        var network = Run(seed);
        var again = new MemberState(Make.Member, Make.Currency);
        foreach (var applied in network.Events)
        {
            again.Apply(applied.Event, applied.RecordedAtMs);
        }

        var state = network.Hub.State;
        Assert.Equal(state.Credit.Floor, again.Credit.Floor);
        Assert.Equal((state.Credit.UsedMinor, state.Credit.OwedMinor, state.Credit.SettledMinor, state.Credit.LimitMinor),
            (again.Credit.UsedMinor, again.Credit.OwedMinor, again.Credit.SettledMinor, again.Credit.LimitMinor));
        Assert.Equal(state.Buckets.Select(bucket => (bucket.Bucket, bucket.Pool, bucket.Total)), again.Buckets.Select(bucket => (bucket.Bucket, bucket.Pool, bucket.Total)));
    });

    [Fact]
    public void The_histories_use_credit_advance_settle_and_undo()
    {
        var (used, advanced, settled, owed) = (0, 0, 0, 0);
        SeededRandom.ForEachSeed(40, seed =>
        {
            var network = Run(seed);
            used += network.Stores.Count(store => store.Here.LineOf(Bucket.Credit).Debited > 0);
            advanced += network.Stores.Count(store => store.Here.AdvancedMinor > 0);
            settled += network.Events.Count(applied => applied.Event is ReceivableSettled);
            owed += network.Hub.State.Credit.OwedMinor > 0 ? 1 : 0;
        });

        Assert.True(used >= 10 && advanced >= 20 && settled >= 20 && owed >= 1, $"used {used}, advanced {advanced}, settled {settled}, owed {owed}");
    }

    private static TestNetwork Run(long seed)
    {
        var network = new TestNetwork(seed, floor: new FloorRules { PerMemberMinor = 700, StoreBudgetMinor = seed % 2 == 0 ? 500 : 1_500 });
        for (var step = 0; step < 300; step++)
        {
            network.Step();
            network.Check();
        }

        return network;
    }
}
