using System.Diagnostics;
using System.Globalization;
using SyncHub.Bench.Meters;
using SyncHub.Bench.Streams;

namespace SyncHub.Bench.Rows;

/// <summary>An idle hub with 1,000 connected stores that do nothing but beat.</summary>
internal sealed class IdleRow : IRow
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(60); // until the code of beats is compiled for good: a hub is idle for hours

    /// <inheritdoc/>
    public string Name => "idle";

    /// <inheritdoc/>
    public bool IsPerEngine => false;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RowResult>> RunAsync(Site site, CancellationToken cancellation)
    {
        await using var fleet = await Fleet.EnrolAsync(site.Hub, site.Options.Agents, 0, cancellation);
        foreach (var some in fleet.Stores.Chunk(50))
        {
            await Task.WhenAll(some.Select(store => store.ConnectAsync(cancellation)));
        }

        await Task.Delay(Settling, cancellation);
        var runs = new List<(double, double)>();
        for (var run = 0; run < site.Options.Runs; run++)
        {
            var (before, since) = (ProcessUse.Of(site.Hub.ProcessId), Stopwatch.GetTimestamp());
            await Task.Delay(TimeSpan.FromSeconds(2 * site.Options.Seconds), cancellation);
            runs.Add(((ProcessUse.Of(site.Hub.ProcessId).CpuMs - before.CpuMs) / Stopwatch.GetElapsedTime(since).TotalMilliseconds * 100, 100));
        }

        var memory = await ProcessMemory.ReadAsync(site.Hub.ProcessId, 3, cancellation);
        return
        [
            RowResult.Of(Name, site.Engine, string.Create(CultureInfo.InvariantCulture, $"idle hub, {site.Options.Agents} connected agents"), "one core", "% of a core", Aim.AtMost(0.02), runs)
                with { Note = string.Create(CultureInfo.InvariantCulture, $"hub's memory {memory.ResidentKib / 1024} MiB") },
        ];
    }
}
