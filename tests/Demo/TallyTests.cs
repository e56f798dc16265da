using SyncHub.Demo.Replay;
using SyncHub.Demo.Reports;
using SyncHub.V1;

namespace SyncHub.Demo.Tests;

public sealed class TallyTests
{
    [Fact]
    public void Sales_are_counted_by_network_and_outcome()
    {
        var tally = new Tally();
        tally.Sold(100, new Receipt { WasOnline = true, PaidPrincipalMinor = 90, PaidBonusMinor = 10 }, TimeSpan.FromMilliseconds(1), isCut: false);
        tally.Sold(50, new Receipt { WasOnline = false, PaidPrincipalMinor = 50 }, null, isCut: true);
        tally.Declined(30, wasOnline: true, RejectionCode.InsufficientRights, isCut: true, isChainWhole: true);
        tally.Declined(20, wasOnline: false, RejectionCode.UnknownMember, isCut: false, isChainWhole: false);
        var counts = tally.Read();
        Assert.Equal((4, 2, 2, 1, 1), (counts.SalesOffered, counts.SalesAccepted, counts.SalesOfflineOffered, counts.SalesOfflineAccepted, counts.SalesOnlineDeclined));
        Assert.Equal((1, 1), (counts.SalesCutOffered, counts.SalesCutAccepted));
        Assert.Equal((200, 150), (counts.BilledMinor, counts.PaidMinor));
        Assert.Equal(1, counts.SalesDeclinedByWholeChain);
        Assert.Equal(1, counts.OfflineDeclinedByReason["UnknownMember"]);
        Assert.Equal(1, counts.OnlineDeclinedByReason["InsufficientRights"]);
    }

    [Fact]
    public void A_sale_that_needed_more_than_one_try_does_not_count_as_a_latency()
    {
        var tally = new Tally();
        tally.Sold(1, new Receipt { WasOnline = false }, TimeSpan.FromMilliseconds(3), isCut: false);
        tally.Sold(1, new Receipt { WasOnline = false }, null, isCut: false);
        Assert.Equal(([], [3d]), tally.ReadLatencies(), ArraysEqual);
    }

    [Fact]
    public void Percentiles_are_values_that_were_measured()
    {
        var hundred = LatencySummary.Of([.. Enumerable.Range(1, 100).Select(ms => (double)ms)]);
        Assert.Equal(new LatencySummary(100, 50, 99, 100), hundred);
        Assert.Equal(new LatencySummary(1, 7, 7, 7), LatencySummary.Of([7]));
        Assert.Equal(new LatencySummary(0, 0, 0, 0), LatencySummary.Of([]));
    }

    private static bool ArraysEqual((double[] Online, double[] Offline) expected, (double[] Online, double[] Offline) actual) =>
        expected.Online.SequenceEqual(actual.Online) && expected.Offline.SequenceEqual(actual.Offline);
}
