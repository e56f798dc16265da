using SyncHub.Bench.Meters;
using SyncHub.V1;

namespace SyncHub.Bench.Rows;

/// <summary>
/// A till's sales, durable, one after another: at the engine's door beside SQLite alone committing as many bytes, and over gRPC beside an empty call to the same
/// agent and such a commit, because a sale cannot be faster than a call that does nothing.
/// </summary>
internal sealed class TillRow : IRow
{
    private const int Members = 50;
    private const int WarmSales = 10_000; // till the runtime has compiled all of it: an agent runs for weeks

    /// <inheritdoc/>
    public string Name => "till";

    /// <inheritdoc/>
    public bool IsPerEngine => false;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RowResult>> RunAsync(Site site, CancellationToken cancellation)
    {
        await using var door = await EngineDoor.OpenAsync(Path.Combine(site.Folder, "door"));
        await using var agent = await site.StartAgentAsync("store");
        var members = await MemberLoad.RunAsync(agent, Members, cancellation);
        var known = await door.LoadAsync(Members);
        var number = 0;
        await Latency.TimeAsync(WarmSales, SellAsync);
        await Latency.TimeAsync(WarmSales, SellAtDoorAsync);
        await Latency.TimeAsync(WarmSales, AskAsync);
        using var raw = new RawCommits(site.Folder, agent.BytesOfNewestSale($"sale-{number - WarmSales}"));
        await Latency.TimeAsync(WarmSales, _ => Commit());
        var (sales, atDoor, calls, commits, costs) = (new List<Quantiles?>(), new List<Quantiles?>(), new List<Quantiles?>(), new List<Quantiles?>(), new List<Cost>());
        for (var run = 0; run < site.Options.Runs; run++)
        {
            // Turn about, so that what else the machine does meets all.
            commits.Add(Quantiles.Of(await Latency.TimeAsync(site.Options.Samples, _ => Commit())));
            atDoor.Add(Quantiles.Of(await Latency.TimeAsync(site.Options.Samples, SellAtDoorAsync)));
            double[] times = [];
            costs.Add(await site.Meter(agent).MeasureAsync(site.Options.Samples, async () => times = await Latency.TimeAsync(site.Options.Samples, SellAsync)));
            sales.Add(Quantiles.Of(times));
            calls.Add(Quantiles.Of(await Latency.TimeAsync(site.Options.Samples, AskAsync)));
        }

        var floor = calls.Zip(commits, Quantiles.Sum).ToList();
        return
        [
            .. Both("at the engine's door", "SQLite alone, a FULL commit of the same bytes", atDoor, commits, Aim.AtMost(1.5), Aim.AtMost(2), null),
            .. Both("over gRPC", "an empty call to the agent and such a commit", sales, floor, Aim.None, Aim.None, Cost.Median(costs)),
            .. Both("over gRPC", "such a commit alone", sales, commits, Aim.None, Aim.None, Cost.Median(costs)),
        ];

        Task SellAsync(int sale) => TillSales.SellAsync(agent, members[sale % members.Length], $"sale-{++number}", cancellation);

        Task SellAtDoorAsync(int sale) => door.SellAsync(known[sale % known.Length], $"sale-{++number}");

        Task AskAsync(int call) => agent.Till.StatusAsync(new StatusRequest(), cancellationToken: cancellation).ResponseAsync;

        Task Commit()
        {
            raw.Commit();
            return Task.CompletedTask;
        }

        RowResult[] Both(string where, string beside, List<Quantiles?> ours, List<Quantiles?> theirs, Aim p50, Aim p99, Cost? cost) =>
            [Result(where, beside, "p50", ours, theirs, p50, cost, times => times!.P50Ms), Result(where, beside, "p99", ours, theirs, p99, cost, times => times!.P99Ms)];

        RowResult Result(string where, string beside, string part, List<Quantiles?> ours, List<Quantiles?> theirs, Aim aim, Cost? cost, Func<Quantiles?, double> of) =>
            RowResult.Of(Name, site.Engine, $"a till's sale {where}, durable, {part}", beside, "ms", aim, [.. ours.Zip(theirs, (one, other) => (of(one), of(other)))])
                with { Latency = Quantiles.Median(ours), PeerLatency = Quantiles.Median(theirs), Cost = cost, Note = cost is null ? "" : "the hub takes the ops at the same time" };
    }
}
