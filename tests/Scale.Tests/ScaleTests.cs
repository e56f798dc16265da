namespace SyncHub.Scale.Tests;

/// <summary>The simulation of growth, in small: what it shows must hold, and a seed must repeat it.</summary>
public sealed class ScaleTests
{
    private static readonly ScaleOptions Small = new() { Members = 100_000, Stores = 400, OpsPerSecond = 4_000, Hubs = 4, Databases = 4, Partitions = 64, Seconds = 2, OutageSeconds = 5, LeaseMs = 1_000 };

    [Fact]
    public void A_seed_repeats_every_figure()
    {
        Assert.Equal(All(Small), All(Small));
        Assert.NotEqual(All(Small), All(Small with { Seed = 2 }));
    }

    [Fact]
    public void Members_lie_evenly_on_partitions_and_partitions_on_hubs()
    {
        Assert.InRange(Largest(Placement.Run(Small), "members of a partition"), 1, 1.15);
        Assert.InRange(Largest(Placement.Run(Small), "members of a hub"), 1, 1.15);
    }

    [Fact]
    public void The_partitions_of_lost_hubs_have_owners_again_within_a_lease_and_a_half_and_everything_is_as_before()
    {
        foreach (var hubs in (int[])[1, 2])
        {
            var lost = Scenario.Lose(Small, hubs);
            Assert.InRange(Seconds(lost, "every partition has an owner after"), 0.1, 1.6);
            Assert.InRange(Seconds(lost, "every store is connected after"), 8, 60);
            Assert.InRange(Seconds(lost, "backlog as before after"), 0.1, 61);
        }
    }

    [Fact]
    public void A_hub_that_joins_is_given_its_share_and_no_partition_moves_twice()
    {
        var joined = Value(Scenario.Join(Small), "partitions that moved to it or through it").Split("; it has ");
        Assert.NotEqual("0", joined[0]);
        Assert.Equal(joined[0], joined[1]);
    }

    [Fact]
    public void All_stores_come_back_and_their_backlog_is_drained()
    {
        var storm = Scenario.Storm(Small);
        Assert.InRange(Seconds(storm, "every store is connected after"), 0.1, 10);
        Assert.InRange(Seconds(storm, "backlog as before after"), 0.1, 15);
    }

    [Fact]
    public void A_hub_that_cannot_greet_as_fast_as_its_stores_call_still_comes_to_the_end()
    {
        var slow = Small with { Hubs = 1, Databases = 1, HubsPerDatabase = 1, Cores = 1, Lose = 0, OpsPerSecond = 100, Costs = Small.Costs with { ConnectUs = 20_000 } };
        var storm = Scenario.Storm(slow);
        Assert.InRange(Seconds(storm, "every store is connected after"), 8, 120);
    }

    [Theory]
    [InlineData("--hubs", "0")]
    [InlineData("--hubs")]
    [InlineData("--hubbs", "3")]
    [InlineData("--hubs", "4", "--lose", "4")]
    public void Options_that_make_no_sense_are_refused(params string[] arguments) => Assert.ThrowsAny<ArgumentException>(() => ScaleOptions.Parse(arguments));

    private static string All(ScaleOptions options) => string.Concat(Scenarios.All(options).Select(run => Report.Of(run())));

    private static string Value(Outcome outcome, string what) => outcome.Lines.First(line => line.What.StartsWith(what, StringComparison.Ordinal)).Value;

    private static double Largest(Outcome outcome, string what) => Number(Value(outcome, what).Split("max/mean ")[1]);

    private static double Seconds(Outcome outcome, string what) => Number(Value(outcome, what).Replace(" s", "", StringComparison.Ordinal));

    private static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
