namespace SyncHub.Core.Tests.Properties;

/// <summary>I10 over random histories of sales, day closes, moved rights and refunds at three stores; each failure names its seed.</summary>
public sealed class RefundProperties
{
    private const int Seeds = 400;
    private const int Steps = 250;

    [Fact]
    public void No_interleaving_refunds_more_than_was_paid_or_gives_a_right_two_owners_and_in_the_end_all_can_be_refunded() => SeededRandom.ForEachSeed(Seeds, seed =>
    {
        var network = new RefundNetwork(seed);
        Run(network);
        network.RefundEverything();
        network.Check();
    });

    [Fact]
    public void The_histories_meet_everything_that_they_are_meant_to_meet()
    {
        var happened = new Dictionary<string, int>();
        SeededRandom.ForEachSeed(300, seed =>
        {
            var network = new RefundNetwork(seed);
            Run(network);
            foreach (var (what, count) in network.Happened)
            {
                happened[what] = happened.GetValueOrDefault(what) + count;
            }
        });

        string[] wanted =
        [
            "Sale", "CloseDay", "Refund", "Void", "Refund under a moved right", "Void under a moved right", "right moved", "right refused",
            "RefundRightElsewhere", "AlreadyVoided", "RefundTooLarge",
        ];
        var summary = string.Join(", ", happened.Select(pair => $"{pair.Key} {pair.Value}"));
        Assert.All(wanted, what => Assert.True(happened.GetValueOrDefault(what) >= 20, $"{what} is rare: {summary}"));
    }

    [Fact]
    public void A_hub_that_does_not_wait_for_the_day_close_is_found_out()
    {
        var violations = Enumerable.Range(1, 50).Count(seed =>
        {
            try
            {
                Run(new RefundNetwork(seed) { HasTwoOwners = true });
                return false;
            }
            catch (Xunit.Sdk.XunitException)
            {
                return true;
            }
        });

        Assert.True(violations >= 40, $"only {violations} of 50 histories with two owners break I10");
    }

    private static void Run(RefundNetwork network)
    {
        for (var step = 0; step < Steps; step++)
        {
            network.Step();
            network.Check();
        }
    }
}
