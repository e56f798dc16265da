using SyncHub.Bench.Meters;
using SyncHub.V1;

namespace SyncHub.Bench.Rows;

/// <summary>A till's sales at an agent, durable, one after another, beside SQLite alone committing as many bytes.</summary>
internal sealed class TillRow : IRow
{
    private const int Members = 50;
    private const int WarmSales = 2_000;

    /// <inheritdoc/>
    public string Name => "till";

    /// <inheritdoc/>
    public bool IsPerEngine => false;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RowResult>> RunAsync(Site site, CancellationToken cancellation)
    {
        await using var agent = await site.StartAgentAsync("store");
        var members = await MemberLoad.RunAsync(agent, Members, cancellation);
        var number = 0;
        await Latency.TimeAsync(WarmSales, SellAsync);
        using var raw = new RawCommits(site.Folder, agent.BytesOfNewestSale($"sale-{number}"));
        await Latency.TimeAsync(WarmSales, _ => Commit());
        var (sales, commits, costs) = (new List<Quantiles?>(), new List<Quantiles?>(), new List<Cost>());
        for (var run = 0; run < site.Options.Runs; run++)
        {
            // Turn about, so that what else the machine does meets both.
            commits.Add(Quantiles.Of(await Latency.TimeAsync(site.Options.Samples, _ => Commit())));
            double[] times = [];
            costs.Add(await site.Meter(agent).MeasureAsync(site.Options.Samples, async () => times = await Latency.TimeAsync(site.Options.Samples, SellAsync)));
            sales.Add(Quantiles.Of(times));
        }

        return [Result("p50", Aim.AtMost(1.5), times => times!.P50Ms), Result("p99", Aim.AtMost(2), times => times!.P99Ms)];

        Task SellAsync(int sale) => TillSales.SellAsync(agent, members[sale % members.Length], $"sale-{++number}", cancellation);

        Task Commit()
        {
            raw.Commit();
            return Task.CompletedTask;
        }

        RowResult Result(string part, Aim aim, Func<Quantiles?, double> of) =>
            RowResult.Of(Name, site.Engine, $"a till's sale at an agent, durable, {part}", "SQLite alone, a FULL commit of the same bytes", "ms", aim, [.. sales.Zip(commits, (ours, peer) => (of(ours), of(peer)))])
                with { Latency = Quantiles.Median(sales), PeerLatency = Quantiles.Median(commits), Cost = Cost.Median(costs), Note = "over gRPC; the hub takes the ops at the same time" };
    }
}
