using System.Diagnostics;
using System.Globalization;
using SyncHub.Bench.Meters;
using SyncHub.Bench.Streams;

namespace SyncHub.Bench.Rows;

/// <summary>100 stores come back at once, each with a backlog, while a till goes on selling.</summary>
internal sealed class ReconnectRow : IRow
{
    private const int Stores = 100;
    private const int MembersPerStore = 100;
    private const int TillMembers = 50;

    /// <inheritdoc/>
    public string Name => "reconnect";

    /// <inheritdoc/>
    public bool IsPerEngine => false;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RowResult>> RunAsync(Site site, CancellationToken cancellation)
    {
        await using var agent = await site.StartAgentAsync("till");
        var members = await MemberLoad.RunAsync(agent, TillMembers, cancellation);
        await using var fleet = await Fleet.EnrolAsync(site.Hub, Stores, Stores * MembersPerStore, cancellation);
        await fleet.ConnectAsync(cancellation);
        await fleet.LoadAsync(cancellation);
        fleet.Prepare(Stores * site.Options.Backlog);
        await fleet.SendAsync(StreamRow.Window, StreamRow.LeastBatch, cancellation);
        var (rates, tills, quietTills, stormTills) = (new List<(double, double)>(), new List<(double, double)>(), new List<Quantiles?>(), new List<Quantiles?>());
        var sale = 0;
        for (var run = 0; run < site.Options.Runs; run++)
        {
            fleet.Prepare(Stores * site.Options.Backlog);
            var steady = await RateAsync(() => fleet.SendAsync(StreamRow.Window, StreamRow.LeastBatch, cancellation));
            await fleet.DisconnectAsync();
            fleet.Prepare(Stores * site.Options.Backlog);
            var quiet = Quantiles.Of(await Latency.TimeAsync(site.Options.Samples, _ => SellAsync()))!;
            using var over = new CancellationTokenSource();
            var selling = Task.Run(async () =>
            {
                var times = new List<double>();
                while (!over.IsCancellationRequested)
                {
                    times.AddRange(await Latency.TimeAsync(1, _ => SellAsync()));
                }

                return times;
            }, cancellation);
            var storm = await RateAsync(() => Task.WhenAll(fleet.Stores.Select(store => Task.Run(async () =>
            {
                await store.ConnectAsync(cancellation);
                await store.SendAsync(int.MaxValue, StreamRow.LeastBatch, cancellation);
            }, cancellation))));
            await over.CancelAsync();
            var stormy = Quantiles.Of(await selling)!;
            rates.Add((storm, steady));
            tills.Add((stormy.P99Ms, quiet.P99Ms));
            quietTills.Add(quiet);
            stormTills.Add(stormy);
            await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {storm:0} ops/s beside {steady:0}; till p99 {stormy.P99Ms:0.0} ms beside {quiet.P99Ms:0.0}"));
        }

        var scenario = string.Create(CultureInfo.InvariantCulture, $"reconnect: {Stores} stores with {site.Options.Backlog} ops each in backlog");
        return
        [
            RowResult.Of(Name, site.Engine, scenario, "the steady rate of the same stores", "ops/s", Aim.AtLeast(0.8), rates),
            RowResult.Of(Name, site.Engine, "a till's sale meanwhile, p99", "the same till while nobody sends", "ms", Aim.AtMost(2), tills)
                with { Latency = Quantiles.Median(stormTills), PeerLatency = Quantiles.Median(quietTills) },
        ];

        Task SellAsync() => TillSales.SellAsync(agent, members[++sale % members.Length], $"sale-{sale}", cancellation, billMinor: 1);

        async Task<double> RateAsync(Func<Task> work)
        {
            var since = Stopwatch.GetTimestamp();
            await work();
            return Stores * site.Options.Backlog / Stopwatch.GetElapsedTime(since).TotalSeconds;
        }
    }
}
