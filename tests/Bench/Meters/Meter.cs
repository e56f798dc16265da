namespace SyncHub.Bench.Meters;

/// <summary>Measures what a piece of work costs the processes that take part in it.</summary>
internal sealed class Meter(Hub hub, PostgresServer? database, params IReadOnlyList<Agent> agents)
{
    /// <summary>Runs the work and says what each of its ops cost.</summary>
    public async Task<Cost> MeasureAsync(long ops, Func<Task> work)
    {
        int[] agentIds = [.. agents.Select(agent => agent.ProcessId)];
        int[] families = database is null ? [] : [database.ProcessId];
        var syncs = SyncCount.Start([hub.ProcessId, .. agentIds, .. families.SelectMany(ProcessUse.ChildrenOf)]);
        var allocated = await hub.ReadAllocatedAsync();
        var before = Read();
        await work();
        var after = Read();
        allocated = await hub.ReadAllocatedAsync() - allocated;
        var synced = await syncs.StopAsync();
        double Us(Func<(ProcessUse Hub, ProcessUse Client, ProcessUse Agents, ProcessUse Database), ProcessUse> part) => (part(after).CpuMs - part(before).CpuMs) * 1000 / ops;
        var written = after.Hub.WrittenBytes - before.Hub.WrittenBytes + after.Agents.WrittenBytes - before.Agents.WrittenBytes + after.Database.WrittenBytes - before.Database.WrittenBytes;
        return new Cost(Us(use => use.Hub), Us(use => use.Client), Us(use => use.Agents), Us(use => use.Database), (double)allocated / ops, (double?)synced / ops, (double)written / ops);

        (ProcessUse Hub, ProcessUse Client, ProcessUse Agents, ProcessUse Database) Read() => (ProcessUse.Of(hub.ProcessId), ProcessUse.Of(Environment.ProcessId),
            Sum(agentIds.Select(ProcessUse.Of)), Sum(families.Select(ProcessUse.OfFamily)));
    }

    private static ProcessUse Sum(IEnumerable<ProcessUse> uses) => uses.Aggregate(default(ProcessUse), (one, other) => new ProcessUse(one.CpuMs + other.CpuMs, one.WrittenBytes + other.WrittenBytes));
}
