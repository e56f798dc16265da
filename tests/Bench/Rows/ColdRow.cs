using SyncHub.Bench.Meters;
using SyncHub.Bench.Streams;

namespace SyncHub.Bench.Rows;

/// <summary>Members that a hub has let go, of more than its memory may hold: what activation from the journal adds to a question, beside one indexed read of the same tables.</summary>
internal sealed class ColdRow : IRow
{
    private const int SalesPerMember = 20;
    private const int WarmRuns = 5;     // whole code, not the runtime's compiler, is what a question meets
    private const int GrainBudget = 256; // one for each partition, so that nearly all members were let go before the hub stops

    /// <inheritdoc/>
    public string Name => "cold";

    /// <inheritdoc/>
    public bool IsPerEngine => true;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RowResult>> RunAsync(Site site, CancellationToken cancellation)
    {
        var samples = site.Options.Samples;
        var members = samples * (site.Options.Runs + WarmRuns);
        await site.StopHubAsync();
        await site.StartHubAsync(grainBudget: GrainBudget);
        await using var fleet = await Fleet.EnrolAsync(site.Hub, 1, members, cancellation);
        await fleet.ConnectAsync(cancellation);
        await fleet.LoadAsync(cancellation);
        fleet.Prepare(members * SalesPerMember);
        await fleet.SendAsync(StreamRow.Window, StreamRow.LeastBatch, cancellation);
        var newest = (await site.Hub.DescribeAsync(cancellation)).JournalPosition;
        while (fleet.Stores[0].FeedPosition < newest)
        {
            await Task.Delay(100, cancellation); // else its return would begin with a walk that makes every member warm
        }

        await fleet.DisconnectAsync();
        await site.StopHubAsync();
        await site.StartHubAsync();
        var store = fleet.Stores[0];
        store.Use(site.Hub);
        await fleet.ConnectAsync(cancellation);
        await using var append = await site.OpenAppendAsync();
        var runs = new List<(double, double)>();
        var (cold, reads) = (new List<Quantiles?>(), new List<Quantiles?>());
        for (var run = 0; run < site.Options.Runs + WarmRuns; run++)
        {
            var asked = fleet.Members[0][(run * samples)..((run + 1) * samples)];
            var first = Quantiles.Of(await AskAsync());
            var second = Quantiles.Of(await AskAsync());
            var read = Quantiles.Of(await append.ReadAsync([.. asked.Select(member => member.Value)], cancellation));
            if (run >= WarmRuns)
            {
                runs.Add((first!.P50Ms - second!.P50Ms, read!.P50Ms));
                cold.Add(first);
                reads.Add(read);
            }

            Task<double[]> AskAsync() => Latency.TimeAsync(samples, async i =>
            {
                var reply = await store.IdentifyAsync(asked[i], cancellation);
                _ = reply.Found ? reply : throw new InvalidOperationException("A member was not found.");
            });
        }

        return
        [
            RowResult.Of(Name, site.Engine, "activation of a cold member (first question less second), p50", "one indexed read", "ms", Aim.AtMost(3), runs)
                with { Latency = Quantiles.Median(cold), PeerLatency = Quantiles.Median(reads), Note = "latencies: the whole question to a cold member" },
        ];
    }
}
