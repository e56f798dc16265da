using System.Diagnostics;
using System.Globalization;
using SyncHub.Bench.Streams;

namespace SyncHub.Bench.Rows;

/// <summary>A hub with many members of whom few come, beside the same hub when it had few.</summary>
internal sealed class BigRow : IRow
{
    private const int Few = 10_000;

    /// <inheritdoc/>
    public string Name => "big";

    /// <inheritdoc/>
    public bool IsPerEngine => true;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RowResult>> RunAsync(Site site, CancellationToken cancellation)
    {
        await using var fleet = await Fleet.EnrolAsync(site.Hub, StreamRow.Stores, Few, cancellation);
        await fleet.ConnectAsync(cancellation);
        await fleet.LoadAsync(cancellation);
        var before = await MeasureAsync();
        await using var others = await Fleet.EnrolAsync(site.Hub, StreamRow.Stores, site.Options.Big - Few, cancellation);
        await others.ConnectAsync(cancellation);
        var since = Stopwatch.GetTimestamp();
        await others.LoadAsync(cancellation);
        var loaded = Stopwatch.GetElapsedTime(since);
        await others.DisconnectAsync();
        await fleet.DisconnectAsync();
        await site.StopHubAsync();
        since = Stopwatch.GetTimestamp();
        await site.StartHubAsync();
        var started = Stopwatch.GetElapsedTime(since);
        foreach (var store in fleet.Stores)
        {
            store.Use(site.Hub);
        }

        await fleet.ConnectAsync(cancellation);
        fleet.Prepare(Few);
        await fleet.SendAsync(StreamRow.Window, StreamRow.LeastBatch, cancellation); // every one of them is active again
        var after = await MeasureAsync();
        var memory = await ProcessMemory.ReadAsync(site.Hub.ProcessId, 3, cancellation);
        var active = (await site.Hub.DescribeAsync(cancellation)).ActiveGrains;
        return
        [
            RowResult.Of(Name, site.Engine, string.Create(CultureInfo.InvariantCulture, $"{site.Options.Big} members, {Few} of them active"), "the same hub with 10,000 members", "ops/s", Aim.AtLeast(0.9),
                [.. after.Zip(before, (ours, peer) => (ours, peer))]) with
            {
                Note = string.Create(CultureInfo.InvariantCulture, $"{2 * (site.Options.Big - Few)} ops loaded in {loaded.TotalSeconds:0} s; the hub starts in {started.TotalSeconds:0.0} s; {memory.ResidentKib / 1024} MiB with {active} active members"),
            },
        ];

        async Task<List<double>> MeasureAsync()
        {
            var rates = new List<double>();
            for (var run = 0; run <= site.Options.Runs; run++)
            {
                var ops = (int)(rates.LastOrDefault(Few) * (run == 0 ? 1 : site.Options.Seconds));
                fleet.Prepare(ops);
                var begun = Stopwatch.GetTimestamp();
                await fleet.SendAsync(StreamRow.Window, StreamRow.LeastBatch, cancellation);
                rates.Add(ops / Stopwatch.GetElapsedTime(begun).TotalSeconds);
            }

            return [.. rates.Skip(1)];
        }
    }
}
