using SyncHub.Core.Ledger;
using SyncHub.Core.Rules;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Properties;

/// <summary>Random histories that are long enough for lots to expire while stores are offline, sell, and hand rights back.</summary>
public sealed class ExpiryProperties
{
    private const long LongPauseMs = 2 * Calendar.DayMs;

    // I16: granted + spent + breakage + free = issued, at every step (I3 with breakage), and breakage once: what stores logged and the wallet lost agree.
    [Fact]
    public void Every_lot_is_spent_or_broken_once_and_nothing_else_is() => SeededRandom.ForEachSeed(200, seed =>
    {
        var network = Run(seed);
        network.Settle();
        network.CloseDay();
        network.Settle();
        network.Check();

        foreach (var bucket in network.Hub.State.Buckets)
        {
            Assert.Equal(network.Oracle.GetValueOrDefault(bucket.Bucket), bucket.Total + bucket.Breakage);
            if (!bucket.Bucket.IsValidOn(Calendar.DayOf(network.NowMs)))
            {
                Assert.Equal((0, 0), (bucket.Total, bucket.Pool));
            }
            else
            {
                Assert.Equal(0, bucket.Breakage);
            }
        }

        Assert.Equal(-network.Hub.State.Buckets.Sum(bucket => bucket.Breakage), network.BalanceOf(Accounts.Breakage));
    });

    [Fact]
    public void The_histories_break_lots_and_honour_late_spending_of_expired_ones()
    {
        var (broken, held) = (0, 0);
        SeededRandom.ForEachSeed(40, seed =>
        {
            var network = Run(seed);
            broken += network.Hub.State.Buckets.Count(bucket => bucket.Breakage > 0);
            held += network.Hub.State.Buckets.Count(bucket => bucket.Total > 0 && !bucket.Bucket.IsValidOn(Calendar.DayOf(network.NowMs)));
        });

        Assert.True(broken >= 5 && held >= 20, $"{broken} lots broken, {held} expired lots still held by stores");
    }

    private static TestNetwork Run(long seed)
    {
        var network = new TestNetwork(seed, LongPauseMs);
        for (var step = 0; step < 200; step++)
        {
            network.Step();
            network.Check();
        }

        return network;
    }
}
