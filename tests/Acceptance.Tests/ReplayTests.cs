using SyncHub.Core.Members;

namespace SyncHub.Acceptance.Tests;

public sealed class ReplayTests
{
    private static readonly PurchaseTrace Families = new("families, the first days", SyntheticTraces.Families().Purchases.Take(4_000));

    [Fact]
    public void Stores_that_hold_rights_approve_offline_and_a_hub_alone_does_not()
    {
        var alone = Acceptance.Run(Families, null, 0, 5, 1);
        var placed = Acceptance.Run(Families, new PlacementPolicy(), 0, 5, 1);

        Assert.Equal((0, alone.Offline), (alone.OfflineApproved, placed.Offline));
        Assert.True(placed.OfflineApproved * 10 > placed.Offline * 4, $"{placed.OfflineApproved} of {placed.Offline} offline sales were approved");
        Assert.True(placed.OfflineApproved <= placed.Reachable, "more was approved than can be");
        Assert.Equal(placed.Offline, placed.OfflineApproved + placed.NeverVisited + placed.FreeAtHub + placed.HeldElsewhere + placed.Spread);
    }

    [Fact]
    public void A_replay_follows_from_its_seed()
    {
        var (first, again, other) = (Acceptance.Run(Families, new PlacementPolicy(), 0, 5, 1), Acceptance.Run(Families, new PlacementPolicy(), 0, 5, 1), Acceptance.Run(Families, new PlacementPolicy(), 0, 5, 2));

        Assert.Equal(first.Frames, again.Frames);
        Assert.Equal((first.Offline, first.OfflineApproved), (again.Offline, again.OfflineApproved));
        Assert.NotEqual(first.Offline, other.Offline);
    }

    [Fact]
    public void A_floor_approves_more_and_its_advances_are_paid_back()
    {
        var without = Acceptance.Run(Families, new PlacementPolicy(), 0, 5, 1);
        var with = Acceptance.Run(Families, new PlacementPolicy(), Families.FloorMinor, 5, 1);

        Assert.True(with.OfflineApproved > without.OfflineApproved);
        Assert.True(with.OpenAdvanceMinor * 100 < with.TurnoverMinor, $"{with.OpenAdvanceMinor} is still owed");
    }

    [Theory]
    [InlineData(0.6)]
    [InlineData(5)]
    [InlineData(50)]
    public void A_store_is_offline_for_the_wanted_share_of_the_time(double downtimePercent)
    {
        const long Year = 365L * 86_400_000;
        var outages = new OutageSchedule(200, 0, Year, downtimePercent, 7);

        var offline = Enumerable.Range(0, 100_000).Count(i => outages.EndOf(i % 200, Year / 100_000 * i) is not null);

        Assert.InRange(offline, downtimePercent * 1000 * 0.8, downtimePercent * 1000 * 1.2);
    }

    [Fact]
    public void A_store_comes_back_when_its_outage_ends()
    {
        var outages = new OutageSchedule(1, 0, 1_000_000_000, 20, 3);
        var during = Enumerable.Range(0, 100_000).Select(i => i * 10_000L).First(at => outages.EndOf(0, at) is not null);

        Assert.Null(outages.EndOf(0, outages.EndOf(0, during)!.Value));
    }

    [Fact]
    public void Options_are_read_and_unknown_ones_are_refused()
    {
        var options = AcceptanceOptions.Parse(["--trace", "salons", "--downtime", "4.7", "--stores", "12", "--seeds", "5"]);

        Assert.Equal(("salons", 4.7, 12, 5), (options.Trace, options.DowntimePercent, options.Stores, options.Seeds));
        Assert.Throws<ArgumentException>(() => AcceptanceOptions.Parse(["--trce", "x"]));
        Assert.Throws<ArgumentException>(() => AcceptanceOptions.Parse(["--downtime", "0"]));
        Assert.Throws<ArgumentException>(() => AcceptanceOptions.Parse(["--seeds"]));
    }

    [Fact]
    public void The_made_traces_are_the_same_each_time_and_in_order()
    {
        foreach (var make in new[] { SyntheticTraces.Salons, SyntheticTraces.Tourists, SyntheticTraces.Families })
        {
            var (first, second) = (make(), make());

            Assert.Equal(first.Purchases, second.Purchases);
            Assert.True(first.Purchases.Count > 10_000);
            Assert.All(first.Purchases.Zip(first.Purchases.Skip(1)), pair => Assert.True(pair.First.AtMs <= pair.Second.AtMs && pair.First.AmountMinor > 0));
        }
    }

    [Fact]
    public void No_placement_has_more_ready_than_one_that_knows_which_sales_are_to_come()
    {
        var (bound, placed) = (Bound.Of(Families, 0), Acceptance.Run(Families, new PlacementPolicy(), 0, 0.001, 1));

        Assert.True(placed.Ready < bound.Unordered && placed.Ready < bound.Clairvoyant && bound.Clairvoyant < bound.Sales, $"{placed.Ready} ready, {bound}");
    }

    [Fact]
    public void The_bounds_are_what_one_finds_by_hand()
    {
        // 1. A reload of 600. 2. Of the three that are to come only the one at the first store can be ready, and it is another one. 3. and 4. The wallet covers both.
        var trace = new PurchaseTrace("by hand", [new Purchase(1, 0, 0, 100), new Purchase(2, 1, 0, 100), new Purchase(3, 0, 0, 100), new Purchase(4, 1, 0, 100)]);

        Assert.Equal((4, 3), (Bound.Of(trace, 0).Sales, Bound.Of(trace, 0).Clairvoyant));
        Assert.Equal(1 + (1 / 3.0) + 1 + 1, Bound.Of(trace, 0).Unordered, 6);
        Assert.Equal((4, 4.0), (Bound.Of(trace, 100).Clairvoyant, Bound.Of(trace, 100).Unordered));
    }
}
