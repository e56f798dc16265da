using SyncHub.Core.Members;

namespace SyncHub.Acceptance;

/// <summary>One replay of a trace under one policy and one schedule of outages.</summary>
public static class Acceptance
{
    /// <summary>Replays.</summary>
    /// <param name="trace">What is bought.</param>
    /// <param name="policy">How rights are placed; null = they all stay at the hub, and so does the decision.</param>
    /// <param name="floorMinor">Up to how much a store may approve beyond its rights while offline; 0 = nothing.</param>
    /// <param name="downtimePercent">How long each store is offline.</param>
    /// <param name="seed">Which outages.</param>
    public static Tally Run(PurchaseTrace trace, PlacementPolicy? policy, long floorMinor, double downtimePercent, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(trace);
        if (trace.Purchases.Count == 0)
        {
            return new Tally();
        }

        var outages = new OutageSchedule(trace.Stores, trace.Purchases[0].AtMs, trace.Purchases[^1].AtMs, downtimePercent, seed);
        return policy is null ? HubOnlyRun.Run(trace, floorMinor, outages) : ReplayRun.Run(trace, policy, floorMinor, outages);
    }
}
