using System.Diagnostics;
using System.Globalization;
using SyncHub.Bench.Meters;
using SyncHub.Bench.Peers;
using SyncHub.Bench.Streams;
using SyncHub.Core.Protocol;

namespace SyncHub.Bench.Rows;

/// <summary>Streamed durable ops: 16 stores send sales of 10,000 members as fast as the hub acknowledges them.</summary>
internal sealed class StreamRow : IRow
{
    /// <summary>Stores that send.</summary>
    public const int Stores = 16;

    /// <summary>Ops that each has under way: a quarter of what the hub allows it.</summary>
    public const int Window = 1_000;

    /// <summary>The least that leaves at once: as much as an agent with more to say sends.</summary>
    public const int LeastBatch = OpOutbox.LargestBatchOps;

    private const int LeastOps = 20_000;
    private const int MostOps = 1_000_000;
    private const int PeerBatch = 1_000;

    /// <inheritdoc/>
    public string Name => "stream";

    /// <inheritdoc/>
    public bool IsPerEngine => true;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RowResult>> RunAsync(Site site, CancellationToken cancellation)
    {
        await using var fleet = await Fleet.EnrolAsync(site.Hub, Stores, site.Options.StreamMembers, cancellation);
        await fleet.ConnectAsync(cancellation);
        await fleet.LoadAsync(cancellation);
        var ops = await WarmUp.RunAsync(site.Options, LeastOps, MostOps, async ops =>
        {
            fleet.Prepare(ops);
            return (await SendAsync(fleet, site, ops, cancellation)).OpsPerSecond;
        });
        var pgbench = site.Server is null ? null : new PgBench(site.Storage, site.Options.StreamMembers, payloadBytes: 200);
        await (pgbench?.PrepareAsync(Math.Max(2, site.Options.Seconds / 2), cancellation) ?? Task.CompletedTask);
        await using var append = await site.OpenAppendAsync();
        await append.RunAsync(PeerBatch, 1, cancellation);

        var (runs, costs, latencies) = (new List<StreamRun>(), new List<Cost>(), new List<Quantiles?>());
        for (var run = 0; run < site.Options.Runs; run++)
        {
            fleet.Prepare(ops);
            var (rate, cost, latency) = await SendAsync(fleet, site, ops, cancellation);
            var (limit, function) = (0.0, 0.0);
            var limitCpu = await site.CpuUsAsync(async () => (limit = (await append.RunAsync(PeerBatch, site.Options.Seconds, cancellation)).OpsPerSecond) * site.Options.Seconds);
            var functionCpu = pgbench is null ? 0 : await site.CpuUsAsync(async () => (function = await pgbench.RunAsync(site.Options.Seconds, cancellation)) * site.Options.Seconds);
            runs.Add(new StreamRun(rate, limit, limitCpu, function, functionCpu));
            costs.Add(cost);
            latencies.Add(latency);
            await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"  {site.Engine}: {rate:0} ops/s, limit {limit:0}, pgbench {function:0}; CPU per op: hub {cost.HubCpuUs:0.0} us, database {cost.DatabaseCpuUs:0.0}, load {cost.ClientCpuUs:0.0}; limit {limitCpu:0.0}, pgbench {functionCpu:0.0}; {cost.HubAllocatedBytes:0} B allocated"));
        }

        var scenario = string.Create(CultureInfo.InvariantCulture, $"streamed durable ops, {Stores} stores, {site.Options.StreamMembers} members");
        RowResult Result(string beside, Aim aim, Func<StreamRun, double> peer, Func<StreamRun, double> peerCpu) =>
            RowResult.Of(Name, site.Engine, scenario, beside, "ops/s", aim, [.. runs.Select(run => (run.Ours, peer(run)))]) with { Cost = Cost.Median(costs), Latency = Quantiles.Median(latencies), PeerCpuUs = Quantiles.Median(runs.Select(peerCpu)) };

        return pgbench is null
            ? [Result("raw SQLite, the same rows in batches of 1,000, synchronous = FULL", Aim.AtLeast(0.35), run => run.Limit, run => run.LimitCpuUs)]
            : [Result(string.Create(CultureInfo.InvariantCulture, $"pgbench, a stored function per op, {pgbench.Clients} clients"), Aim.AtLeast(4), run => run.Function, run => run.FunctionCpuUs),
                Result("one connection, the same rows by COPY in batches of 1,000", Aim.AtLeast(0.5), run => run.Limit, run => run.LimitCpuUs)];
    }

    private readonly record struct StreamRun(double Ours, double Limit, double LimitCpuUs, double Function, double FunctionCpuUs);

    private static async Task<(double OpsPerSecond, Cost Cost, Quantiles? Latency)> SendAsync(Fleet fleet, Site site, int ops, CancellationToken cancellation)
    {
        fleet.TakeLatencies();
        var seconds = 0.0;
        var cost = await site.Meter().MeasureAsync(ops, async () =>
        {
            var since = Stopwatch.GetTimestamp();
            await fleet.SendAsync(Window, LeastBatch, cancellation);
            seconds = Stopwatch.GetElapsedTime(since).TotalSeconds;
        });
        return (ops / seconds, cost, Quantiles.Of(fleet.TakeLatencies()));
    }
}
