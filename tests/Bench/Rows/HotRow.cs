using System.Diagnostics;
using System.Globalization;
using SyncHub.Bench.Meters;
using SyncHub.Bench.Peers;
using SyncHub.Bench.Streams;

namespace SyncHub.Bench.Rows;

/// <summary>One hot member: 16 stores with 16 ops each under way, all of one member; each op that is acknowledged is followed by the next.</summary>
internal sealed class HotRow : IRow
{
    private const int Stores = 16;
    private const int UnderWay = 16;
    private const int LeastOps = 4_000;
    private const int MostOps = 500_000;

    /// <inheritdoc/>
    public string Name => "hot";

    /// <inheritdoc/>
    public bool IsPerEngine => true;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RowResult>> RunAsync(Site site, CancellationToken cancellation)
    {
        await using var fleet = await Fleet.EnrolAsync(site.Hub, Stores, Stores, cancellation);
        await fleet.ConnectAsync(cancellation);
        var member = OpMill.NewMember();
        await fleet.ShareAsync(member, cancellation);
        var ops = await WarmUp.RunAsync(site.Options, LeastOps, MostOps, ops => SendAsync(fleet, member, ops, cancellation));
        var pgbench = site.Server is null ? null : new PgBench(site.Storage, 1, payloadBytes: 200);
        await (pgbench?.PrepareAsync(Math.Max(2, site.Options.Seconds / 2), cancellation) ?? Task.CompletedTask);
        await using var append = await site.OpenAppendAsync();
        var (runs, costs, latencies, peerCpu) = (new List<(double, double)>(), new List<Cost>(), new List<Quantiles?>(), new List<double>());
        for (var run = 0; run < site.Options.Runs; run++)
        {
            var rate = 0.0;
            costs.Add(await site.Meter().MeasureAsync(ops, async () => rate = await SendAsync(fleet, member, ops, cancellation)));
            latencies.Add(Quantiles.Of(fleet.TakeLatencies()));
            var peer = 0.0;
            peerCpu.Add(await site.CpuUsAsync(async () => (peer = pgbench is null ? (await append.RunAsync(1, site.Options.Seconds, cancellation)).OpsPerSecond : await pgbench.RunAsync(site.Options.Seconds, cancellation)) * site.Options.Seconds));
            runs.Add((rate, peer));
            await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {site.Engine}: {rate:0} ops/s beside {peer:0}; CPU per op {costs[^1].TotalCpuUs:0.0} us beside {peerCpu[^1]:0.0}"));
        }

        return
        [
            RowResult.Of(Name, site.Engine, "one hot member, 256 concurrent ops of 16 stores", pgbench is null ? "SQLite alone, one commit per op, synchronous = FULL" : string.Create(CultureInfo.InvariantCulture, $"pgbench on one row, {pgbench.Clients} clients"),
                "ops/s", pgbench is null ? Aim.None : Aim.AtLeast(5), runs) with { Cost = Cost.Median(costs), Latency = Quantiles.Median(latencies), PeerCpuUs = Quantiles.Median(peerCpu) },
        ];
    }

    private static async Task<double> SendAsync(Fleet fleet, Core.Primitives.MemberId member, int ops, CancellationToken cancellation)
    {
        fleet.Prepare(ops, member);
        fleet.TakeLatencies();
        var since = Stopwatch.GetTimestamp();
        await fleet.SendAsync(UnderWay, 1, cancellation);
        return ops / Stopwatch.GetElapsedTime(since).TotalSeconds;
    }
}
