using System.Diagnostics;
using System.Globalization;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Demo;

namespace SyncHub.Acceptance;

/// <summary>What one decision of the placement costs: it is made in each turn of a sale.</summary>
internal static class PlanCost
{
    private const int Rounds = 20_000;
    private const int Stores = 10;

    public static string Measure()
    {
        var random = new SplitMix64(5);
        var policy = new PlacementPolicy();
        var newest = Enumerable.Range(0, 16).Select(_ => 200L + random.Below(3_000)).ToArray();
        var wallets = Enumerable.Range(0, 64).Select(_ => Enumerable.Range(1, Stores).Select(store => new Site(new Holder(new StoreId(store), new Incarnation(1)),
            MemberState.VisitUnit * (1 + random.Below(9)), random.Percent(50) ? random.Below(3_000) : 0, MayGain: true, MayGive: true)).ToArray()).ToArray();
        var shifts = Run(Rounds); // the first time through it is compiled
        var before = Process.GetCurrentProcess().TotalProcessorTime; // not the time of day: other programs run beside it
        shifts += Run(Rounds);
        return string.Create(CultureInfo.InvariantCulture, $"\none plan for {Stores} usual stores and 16 baskets: {(Process.GetCurrentProcess().TotalProcessorTime - before).TotalMicroseconds / Rounds:F1} microseconds of processor time ({shifts / 2.0 / Rounds:F1} shifts)");

        int Run(int rounds)
        {
            var count = 0;
            for (var i = 0; i < rounds; i++)
            {
                var sites = wallets[i % wallets.Length];
                count += Placement.Plan(sites, sites.Sum(site => site.Weight) + MemberState.VisitUnit, 1_000 + (i % 5_000), BasketModel.Of(newest)!, policy).Count;
            }

            return count;
        }
    }
}
