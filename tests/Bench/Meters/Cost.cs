namespace SyncHub.Bench.Meters;

/// <summary>What one op cost, on average over a run.</summary>
/// <param name="HubCpuUs">Microseconds of processor time in the hub.</param>
/// <param name="ClientCpuUs">In the load: the bench itself, which plays the stores.</param>
/// <param name="AgentCpuUs">In agents, where there are any.</param>
/// <param name="DatabaseCpuUs">In PostgreSQL's processes, where there are any.</param>
/// <param name="HubAllocatedBytes">Memory that the hub allocated.</param>
/// <param name="Syncs">Syncs of the disk, by all of them; null where they could not be counted.</param>
/// <param name="WrittenBytes">Bytes that hub, agents and database wrote towards the disk.</param>
internal sealed record Cost(double HubCpuUs, double ClientCpuUs, double AgentCpuUs, double DatabaseCpuUs, double HubAllocatedBytes, double? Syncs, double WrittenBytes)
{
    /// <summary>Processor time in all of them together.</summary>
    public double TotalCpuUs => HubCpuUs + ClientCpuUs + AgentCpuUs + DatabaseCpuUs;

    /// <summary>The median of each number.</summary>
    public static Cost? Median(IReadOnlyCollection<Cost> runs) => runs.Count == 0 ? null : new Cost(
        Of(runs, run => run.HubCpuUs), Of(runs, run => run.ClientCpuUs), Of(runs, run => run.AgentCpuUs), Of(runs, run => run.DatabaseCpuUs), Of(runs, run => run.HubAllocatedBytes),
        runs.Any(run => run.Syncs is null) ? null : Of(runs, run => run.Syncs!.Value), Of(runs, run => run.WrittenBytes));

    private static double Of(IEnumerable<Cost> runs, Func<Cost, double> number) => Quantiles.Median(runs.Select(number));
}
