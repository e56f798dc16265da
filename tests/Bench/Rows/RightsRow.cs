using SyncHub.Bench.Meters;
using SyncHub.Bench.Streams;
using SyncHub.Core.Primitives;
using SyncHub.V1;

namespace SyncHub.Bench.Rows;

/// <summary>
/// Sales that the store's own rights do not cover: rights that are free at the hub, and rights that another store holds, beside a bare call to the hub and one commit; and beside
/// an empty call to each party in turn and a commit at each, which is what the sale waits for.
/// </summary>
internal sealed class RightsRow : IRow
{
    private const int Warm = 300;
    private const long GrantedBill = 5_000;
    private const string Bare = "a bare unary call to the hub and one commit";

    /// <inheritdoc/>
    public string Name => "rights";

    /// <inheritdoc/>
    public bool IsPerEngine => false;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RowResult>> RunAsync(Site site, CancellationToken cancellation)
    {
        var samples = site.Options.Samples;
        var wanted = (samples * site.Options.Runs) + Warm;
        await using var holder = await site.StartAgentAsync("holder");
        await using var seller = await site.StartAgentAsync("seller");
        var held = await MemberLoad.RunAsync(holder, wanted, cancellation);
        await holder.WaitUntilSyncedAsync(site.Hub, cancellation);
        var free = await FreeAsync(site, wanted, cancellation);
        using var raw = new RawCommits(site.Folder, 1024);
        var health = new Grpc.Health.V1.Health.HealthClient(site.Hub.Channel);
        var (grants, revokes, bare, bareTwice) = (new List<Quantiles?>(), new List<Quantiles?>(), new List<Quantiles?>(), 0);
        var (ofTwo, ofThree) = (new List<Quantiles?>(), new List<Quantiles?>());
        await GrantAsync(0, Warm);
        await RevokeAsync(0, Warm);
        await BareAsync(Warm);
        await StoreAsync(Warm);
        await using var append = await site.OpenAppendAsync();
        for (var run = 0; run < site.Options.Runs; run++)
        {
            bare.Add(Quantiles.Of(await BareAsync(samples)));
            var (hub, store) = (Quantiles.Of(await CallAsync(samples)), Quantiles.Of(await StoreAsync(samples))); // calls to both cost alike
            var decided = Quantiles.Of((await append.RunAsync(1, 1, cancellation)).CommitMs);
            ofTwo.Add(Quantiles.Sum(store, Quantiles.Sum(hub, decided)));
            ofThree.Add(Quantiles.Sum(store, ofTwo[^1]));
            grants.Add(Quantiles.Of(await GrantAsync(Warm + (run * samples), samples)));
            revokes.Add(Quantiles.Of(await RevokeAsync(Warm + (run * samples), samples)));
        }

        return
        [
            Result("a sale that needs a grant, p50", Bare, Aim.AtMost(2), grants, bare),
            Result("a sale that needs a grant, p50", "an empty call to store and hub each, and a commit at each", Aim.None, grants, ofTwo),
            Result("a sale that needs a live revoke, p50", Bare, Aim.AtMost(3.5), revokes, bare) with { Note = $"{bareTwice} receipts said that rights came from elsewhere" },
            Result("a sale that needs a live revoke, p50", "an empty call to both stores and the hub each, and a commit at each", Aim.None, revokes, ofThree),
        ];

        RowResult Result(string scenario, string beside, Aim aim, List<Quantiles?> ours, List<Quantiles?> theirs) =>
            RowResult.Of(Name, site.Engine, scenario, beside, "ms", aim, [.. ours.Zip(theirs, (one, other) => (one!.P50Ms, other!.P50Ms))])
                with { Latency = Quantiles.Median(ours), PeerLatency = Quantiles.Median(theirs) };

        Task<double[]> CallAsync(int count) => Latency.TimeAsync(count, async _ => await health.CheckAsync(new Grpc.Health.V1.HealthCheckRequest(), cancellationToken: cancellation));

        Task<double[]> StoreAsync(int count) => Latency.TimeAsync(count, async _ =>
        {
            await seller.Till.StatusAsync(new StatusRequest(), cancellationToken: cancellation);
            raw.Commit();
        });

        Task<double[]> BareAsync(int count) => Latency.TimeAsync(count, async _ =>
        {
            await health.CheckAsync(new Grpc.Health.V1.HealthCheckRequest(), cancellationToken: cancellation);
            raw.Commit();
        });

        async Task<double[]> GrantAsync(int first, int count)
        {
            await ScanAsync(free, first, count);
            return await Latency.TimeAsync(count, i => TillSales.SellAsync(seller, free[first + i], $"grant-{first + i}", cancellation, GrantedBill));
        }

        async Task<double[]> RevokeAsync(int first, int count)
        {
            await ScanAsync(held, first, count);
            return await Latency.TimeAsync(count, async i =>
                bareTwice += (await TillSales.SellAsync(seller, held[first + i], $"revoke-{first + i}", cancellation)).RevokedElsewhereMinor > 0 ? 1 : 0);
        }

        // The card is read before anything is sold; that brings the member, and a usual basket as far as it is free.
        async Task ScanAsync(string[] members, int first, int count)
        {
            for (var i = 0; i < count; i++)
            {
                var known = await seller.Till.IdentifyAsync(new IdentifyTillRequest { Key = new MemberKey { MemberId = members[first + i] } }, cancellationToken: cancellation);
                _ = known.Member ?? throw new InvalidOperationException($"A member was not found: {known.Rejection}");
            }
        }
    }

    // Members who usually buy little, and whose money lies free at the hub.
    private static async Task<string[]> FreeAsync(Site site, int count, CancellationToken cancellation)
    {
        await using var fleet = await Fleet.EnrolAsync(site.Hub, 1, count, cancellation);
        await fleet.ConnectAsync(cancellation);
        await fleet.LoadAsync(cancellation);
        fleet.Prepare(count);
        foreach (var member in fleet.Members[0])
        {
            OpMill.HandBack(fleet.Stores[0], member);
        }

        await fleet.SendAsync(StreamRow.Window, 1, cancellation);
        return [.. fleet.Members[0].Select(member => member.ToString())];
    }
}
