using SyncHub.Bench.Meters;
using SyncHub.Bench.Streams;

namespace SyncHub.Bench.Rows;

/// <summary>An idle hub and one op at a time: from the store's batch to its acknowledgement, beside one sync of the disk, and beside what any answer that waits for one costs here.</summary>
internal sealed class AckRow : IRow
{
    private const int OpBytes = 1024;
    private const int WarmOps = 10_000;
    private const int WarmWindow = 8;

    /// <inheritdoc/>
    public string Name => "ack";

    /// <inheritdoc/>
    public bool IsPerEngine => true;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RowResult>> RunAsync(Site site, CancellationToken cancellation)
    {
        var samples = site.Options.Samples;
        await using var fleet = await Fleet.EnrolAsync(site.Hub, 1, 100, cancellation);
        await fleet.ConnectAsync(cancellation);
        await fleet.LoadAsync(cancellation);
        fleet.Prepare(WarmOps);
        await fleet.SendAsync(WarmWindow, 1, cancellation);
        await using var append = await site.OpenAppendAsync();
        await using var file = new FileStream(Path.Combine(site.Folder, "sync.bin"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var bytes = new byte[OpBytes];
        var health = new Grpc.Health.V1.Health.HealthClient(site.Hub.Channel);
        var (ours, syncs, calls, commits, costs) = (new List<Quantiles?>(), new List<Quantiles?>(), new List<Quantiles?>(), new List<Quantiles?>(), new List<Cost>());
        await CallAsync();
        for (var run = 0; run < site.Options.Runs; run++)
        {
            fleet.Prepare(samples);
            fleet.TakeLatencies();
            costs.Add(await site.Meter().MeasureAsync(samples, () => fleet.SendAsync(1, 1, cancellation)));
            ours.Add(Quantiles.Of(fleet.TakeLatencies()));
            syncs.Add(Quantiles.Of(await Latency.TimeAsync(samples, _ =>
            {
                Sync();
                return Task.CompletedTask;
            })));
            calls.Add(Quantiles.Of(await CallAsync()));
            commits.Add(Quantiles.Of((await append.RunAsync(1, 1, cancellation)).CommitMs));
        }

        return
        [
            Result("one write and sync of a file", Aim.AtMost(2.5), syncs),
            Result("an empty call to the same hub, and one write and sync of a file", Aim.None, calls),
            Result(site.Server is null ? "SQLite alone, one row per table and commit" : "PostgreSQL alone, one row per table and commit", Aim.None, commits),
        ];

        void Sync()
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }

        Task<double[]> CallAsync() => Latency.TimeAsync(samples, async _ =>
        {
            await health.CheckAsync(new Grpc.Health.V1.HealthCheckRequest(), cancellationToken: cancellation);
            Sync();
        });

        RowResult Result(string beside, Aim aim, List<Quantiles?> peers) =>
            RowResult.Of(Name, site.Engine, "command to acknowledgement, idle hub, p50", beside, "ms", aim, [.. ours.Zip(peers, (one, other) => (one!.P50Ms, other!.P50Ms))])
                with { Latency = Quantiles.Median(ours), PeerLatency = Quantiles.Median(peers), Cost = Cost.Median(costs) };
    }
}
