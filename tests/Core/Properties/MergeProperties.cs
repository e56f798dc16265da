namespace SyncHub.Core.Tests.Properties;

/// <summary>I17 over random histories: merging moves value, and neither makes nor loses any; each failure names its seed.</summary>
public sealed class MergeProperties
{
    private const int Seeds = 200;
    private const int Steps = 300;

    [Fact]
    public void Value_is_the_same_before_and_after_any_merges_and_replay_agrees() => SeededRandom.ForEachSeed(Seeds, seed =>
    {
        var network = Run(seed);

        network.Settle();
        network.Check();
        network.CheckSettled();
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

        string[] wanted = ["TopUp", "Sale", "Relinquish", "AliasOut", "AliasIn", "MergeOffered", "MergeOfferWithdrawn", "MergedInto", "AliasTaken", "ValueSent", "ValueTaken", "AliasReleased", "MergeUndone", "Refused"];
        var summary = string.Join(", ", happened.Select(pair => $"{pair.Key} {pair.Value}"));
        Assert.All(wanted, what => Assert.True(happened.GetValueOrDefault(what) >= 10, $"{what} is rare: {summary}"));
    }

    private static MergeNetwork Run(long seed)
    {
        var network = new MergeNetwork(seed);
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
}
