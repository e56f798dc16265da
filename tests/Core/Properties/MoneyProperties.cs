using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Properties;

/// <summary>Random histories of one member at three stores; each failure names its seed.</summary>
public sealed class MoneyProperties
{
    private const int Seeds = 300;
    private const int Steps = 300;

    [Fact]
    public void Every_invariant_holds_after_every_step_and_in_the_end_the_hub_has_the_true_wallet() => SeededRandom.ForEachSeed(Seeds, seed =>
    {
        var network = Run(seed);

        network.Settle();
        network.Check();

        AssertTrue(network);
    });

    [Fact]
    public void Applying_every_op_twice_changes_nothing() => SeededRandom.ForEachSeed(Seeds / 3, seed =>
    {
        var network = Run(seed);
        network.Settle();
        var version = network.Hub.State.Version;

        network.DeliverAgain();
        network.DeliverAgain();

        Assert.Equal(version, network.Hub.State.Version);
        network.Check();
    });

    [Fact]
    public void Stores_that_are_all_offline_never_spend_more_than_the_wallet_together() => SeededRandom.ForEachSeed(Seeds / 3, seed =>
    {
        var network = Run(seed);
        network.Settle();
        var before = network.Oracle.ToDictionary();
        network.GoOffline();

        var spent = new Dictionary<Bucket, long>();
        for (var i = 0; i < 60; i++)
        {
            var decision = network.Sell(network.Stores[i % 3]);
            foreach (var move in decision.Op?.Moves.Where(move => move.Kind == MoveKind.Debit && move.Bucket.IsMoney) ?? [])
            {
                spent[move.Bucket] = spent.GetValueOrDefault(move.Bucket) + move.AmountMinor;
            }
        }

        Assert.All(spent, debit => Assert.True(debit.Value <= before[debit.Key], $"{debit.Value} of {before[debit.Key]} in {debit.Key} were spent"));
        network.Check();
        network.Settle();
        AssertTrue(network);
    });

    [Fact]
    public void The_order_in_which_the_hub_hears_of_the_stores_does_not_change_what_the_member_owns() => SeededRandom.ForEachSeed(Seeds / 3, seed =>
    {
        var network = Run(seed);
        network.Settle();
        var expected = Totals(network.Hub.State);

        var random = new SeededRandom(seed);
        for (var order = 0; order < 5; order++)
        {
            var state = new MemberState(Make.Member, Make.Currency);
            // Every grant first: the pool is owed for a while, the sums at the end are the same.
            foreach (var bucket in network.Hub.State.Buckets)
            {
                foreach (var line in bucket.Lines.Where(line => line.Granted > 0))
                {
                    state.Apply(new RightsGranted(line.Holder, [new GrantedLine(bucket.Bucket, line.Granted)]), Make.NowMs);
                }
            }

            var next = new int[3];
            while (Enumerable.Range(0, 3).Where(i => next[i] < network.Stores[i].Log.Count).ToArray() is { Length: > 0 } left)
            {
                var store = random.Pick(left);
                state.Apply(new OpApplied(network.Stores[store].Log[next[store]++]), Make.NowMs);
            }

            Assert.Equal(expected, Totals(state));
        }
    });

    [Fact]
    public void The_same_seed_makes_the_same_history() => SeededRandom.ForEachSeed(Seeds / 10, seed =>
    {
        var network = Run(seed);
        var again = Run(seed);

        Assert.Equal(Totals(network.Hub.State), Totals(again.Hub.State));
        Assert.Equal(network.Hub.State.Visits, again.Hub.State.Visits);
        Assert.Equal(network.Hub.State.RecentBaskets, again.Hub.State.RecentBaskets);
        Assert.Equal(network.Hub.State.Parcels, again.Hub.State.Parcels);
    });

    [Fact]
    public void The_histories_meet_everything_that_they_are_meant_to_meet()
    {
        var happened = new Dictionary<string, int>();
        SeededRandom.ForEachSeed(40, seed =>
        {
            foreach (var (what, count) in Run(seed).Happened)
            {
                happened[what] = happened.GetValueOrDefault(what) + count;
            }
        });

        string[] wanted =
        [
            "TopUp", "Sale", "Redeem", "Adjust", "Void", "Refund", "Relinquish", "SendRights", "SendRightsReply", "SendIdentifyReply", "SendChange", "AskRevoke", "StartDeadline",
            "InsufficientFunds", "InsufficientRights", "UnknownOp", "AlreadyVoided", "RefundTooLarge",
        ];
        var summary = string.Join(", ", happened.Select(pair => $"{pair.Key} {pair.Value}"));
        Assert.All(wanted, what => Assert.True(happened.GetValueOrDefault(what) >= 15, $"{what} is rare: {summary}"));
    }

    private static TestNetwork Run(long seed)
    {
        var network = new TestNetwork(seed);
        for (var step = 0; step < Steps; step++)
        {
            try
            {
                network.Step();
                network.Check();
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"step {step}: {failure.Message}", failure);
            }
        }

        return network;
    }

    // I8: W = true balance
    private static void AssertTrue(TestNetwork network) =>
        Assert.Equal(network.Oracle.Where(truth => truth.Value != 0), network.Hub.State.Buckets.Where(bucket => bucket.Total != 0).Select(bucket => KeyValuePair.Create(bucket.Bucket, bucket.Total)));

    private static string[] Totals(MemberState state) =>
        [.. state.Buckets.SelectMany(bucket => bucket.Lines.Where(line => line.Granted + line.Credited > 0)
            .Select(line => $"{bucket.Bucket} {line.Holder}: G {line.Granted} C {line.Credited} D {line.Debited} R {line.Relinquished} A {line.Outstanding}")
            .Append($"{bucket.Bucket}: P {bucket.Pool} W {bucket.Total}"))];
}
