using System.Diagnostics;
using System.Globalization;
using SyncHub.V1;

namespace SyncHub.Bench;

/// <summary>The run: load a chain through a till, measure what the processes take, restart them, let members come, measure again.</summary>
internal sealed class BenchRun
{
    private const int AgentAimMb = 150;
    private const int HubAimMb = 400;
    private const int MemoryReadings = 5;
    private const long BillMinor = 100;

    private readonly BenchOptions _options;
    private readonly string _program;
    private readonly string _folder;
    private readonly Report _report = new();
    private readonly CancellationToken _cancellation;
    private string[] _members = [];
    private int _saidSo;

    private BenchRun(BenchOptions options, string program, string folder, CancellationToken cancellation)
    {
        _options = options;
        _program = program;
        _folder = folder;
        _cancellation = cancellation;
    }

    private string HubFolder => Path.Combine(_folder, "hub");

    private string StoreFolder => Path.Combine(_folder, "store");

    private string OtherFolder => Path.Combine(_folder, "other");

    /// <summary>Runs everything over databases that are gone afterwards.</summary>
    public static async Task<Report> RunAsync(BenchOptions options, string root, CancellationToken cancellation)
    {
        // Beside the report and not in /tmp, which may be memory: commits are to meet a disk.
        var folder = Path.Combine(Layout.Output(root), "run");
        Remove(folder);
        try
        {
            var run = new BenchRun(options, Layout.Program(root), folder, cancellation);
            Directory.CreateDirectory(run.HubFolder);
            await run.LoadAsync();
            await run.VisitAsync();
            return run._report;
        }
        finally
        {
            Remove(folder);
        }
    }

    // 1. A store registers every member and tops each up; the hub takes the ops and sends each member back.
    private async Task LoadAsync()
    {
        await using var hub = await Hub.StartAsync(_program, HubFolder, _cancellation);
        await Agent.EnrolAsync(_program, StoreFolder, hub, "store", _cancellation);
        await Agent.EnrolAsync(_program, OtherFolder, hub, "other", _cancellation);
        await using var store = await Agent.StartAsync(_program, StoreFolder, hub, _cancellation);
        await SayAsync($"{_options.Members} members register and top up");
        var since = Stopwatch.GetTimestamp();
        _members = await MemberLoad.RunAsync(store, _options.Members, _cancellation);
        var loaded = Stopwatch.GetElapsedTime(since);
        await SayAsync("waiting until store and hub know the same");
        await store.WaitUntilSyncedAsync(hub, _cancellation);
        var synced = Stopwatch.GetElapsedTime(since);
        _report.Notes.Add(string.Create(CultureInfo.InvariantCulture, $"Load: {2 * _options.Members} durable ops through one agent in {loaded.TotalSeconds:0.0} s; hub and agent know the same after {synced.TotalSeconds:0.0} s."));
        await MeasureAsync(hub, store, "after loading, not restarted", hubAim: null);
        await store.StopAsync();
        await hub.StopAsync();
    }

    // 2. Both start again; members come to the tills, one after another.
    private async Task VisitAsync()
    {
        await using var hub = await Hub.StartAsync(_program, HubFolder, _cancellation);
        await using var store = await Agent.StartAsync(_program, StoreFolder, hub, _cancellation);
        await SayAsync($"{_options.Active} members pay, one after another, beside raw commits");
        await SellAsync(store);
        await store.WaitUntilSyncedAsync(hub, _cancellation);
        await MeasureAsync(hub, store, string.Create(CultureInfo.InvariantCulture, $"restarted, {_options.Active} members came"), HubAimMb);

        await SayAsync($"{_options.Active} members pay at the other store, while the first holds their money");
        await using var other = await Agent.StartAsync(_program, OtherFolder, hub, _cancellation);
        await SellElsewhereAsync(hub, other);
        await other.StopAsync();
        await store.StopAsync();
        await hub.StopAsync();
    }

    private async Task SellAsync(Agent store)
    {
        // The last members are not among those who are timed.
        for (var i = 0; i < 50; i++)
        {
            await SellAsync(store, _members[^(1 + (i % 5))], $"warm-{i}");
        }

        var bytes = store.BytesOfNewestSale("warm-49");
        using var raw = new RawCommits(_folder, bytes);
        await Latency.TimeAsync(_options.Samples, _ => Commit(raw));
        var floor = new List<double[]>();
        var sales = new List<double[]>();
        for (var round = 0; round < _options.Repetitions; round++)
        {
            // Turn about, so that what else the machine does meets both.
            floor.Add(await Latency.TimeAsync(_options.Samples, _ => Commit(raw)));
            var first = round * _options.Samples;
            sales.Add(await Latency.TimeAsync(_options.Samples, i => SellAsync(store, _members[first + i], $"sale-{first + i}")));
        }

        var size = string.Create(CultureInfo.InvariantCulture, $"{_options.Repetitions} x {_options.Samples}");
        _report.Latencies.Add(Latency.Of("SQLite alone, synchronous = FULL", string.Create(CultureInfo.InvariantCulture, $"{size} commits of one row of {bytes} bytes, as many as a sale writes"), floor));
        _report.Latencies.Add(Latency.Of("sale from rights at the store", $"{size} over gRPC, durable at the store before the answer; the hub follows at the same time", sales));
        static Task Commit(RawCommits raw)
        {
            raw.Commit();
            return Task.CompletedTask;
        }
    }

    private async Task SellElsewhereAsync(Hub hub, Agent other)
    {
        var before = (await hub.DescribeAsync(_cancellation)).LiveRevokes;
        var repetitions = new List<double[]>();
        var refused = 0;
        var next = _options.Active; // these did not pay yet: all their money lies at the first store
        await SellElsewhereAsync(other, _members[^6], "warm");
        for (var round = 0; round < _options.Repetitions; round++)
        {
            var times = new List<double>();
            for (var i = 0; i < _options.Samples; i++, next++)
            {
                if (await SellElsewhereAsync(other, _members[next], $"live-{next}") is { } time)
                {
                    times.Add(time);
                }
                else
                {
                    refused++;
                }
            }

            if (times.Count > 0)
            {
                repetitions.Add([.. times]);
            }
        }

        var sold = repetitions.Sum(times => times.Length);
        var revokes = (await hub.DescribeAsync(_cancellation)).LiveRevokes - before;
        if (sold == 0 || revokes < sold)
        {
            throw new InvalidOperationException($"Each sale should have needed rights of the other store: {sold} sales, {revokes} revokes.");
        }

        _report.Notes.Add(string.Create(CultureInfo.InvariantCulture, $"Live revokes that the hub counted: {revokes} for {sold} sales and one before; receipts that say so (revoked_elsewhere_minor): {_saidSo}."));

        _report.Latencies.Add(Latency.Of("sale that needs a live revoke",
            string.Create(CultureInfo.InvariantCulture, $"{_options.Repetitions} x {_options.Samples} over gRPC; commits at the giver, the hub and the seller; {refused} refused because the deadline passed"), repetitions));
    }

    /// <summary>One sale at a store where the member has no rights. Null where the deadline passed.</summary>
    private async Task<double?> SellElsewhereAsync(Agent other, string member, string requestId)
    {
        var known = await other.Till.IdentifyAsync(new IdentifyTillRequest { Key = new MemberKey { MemberId = member } }, cancellationToken: _cancellation);
        if (known.Member is null)
        {
            return null;
        }

        var since = Stopwatch.GetTimestamp();
        var answer = await other.Till.SellAsync(Sale(member, requestId), cancellationToken: _cancellation);
        var time = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        if (answer.Receipt is null)
        {
            return null;
        }

        _saidSo += answer.Receipt.RevokedElsewhereMinor > 0 ? 1 : 0;
        return time;
    }

    private async Task SellAsync(Agent store, string member, string requestId)
    {
        var answer = await store.Till.SellAsync(Sale(member, requestId), cancellationToken: _cancellation);
        if (answer.Receipt is null)
        {
            throw new InvalidOperationException($"A sale was refused: {answer.Rejection}");
        }
    }

    private static SaleRequest Sale(string member, string requestId) => new() { RequestId = requestId, MemberId = member, BillMinor = BillMinor, Terminal = "t1", Operator = "o1" };

    private async Task MeasureAsync(Hub hub, Agent store, string state, int? hubAim)
    {
        await SayAsync($"measuring memory, {state}");
        await Task.Delay(TimeSpan.FromSeconds(_options.IdleSeconds), _cancellation);
        var replicas = store.CountReplicas();
        if (replicas != _options.Members)
        {
            throw new InvalidOperationException($"The agent should have {_options.Members} members from the hub, but has {replicas}.");
        }

        var grains = (await hub.DescribeAsync(_cancellation)).ActiveGrains;
        var readings = await Task.WhenAll(
            ProcessMemory.ReadAsync(store.ProcessId, MemoryReadings, _cancellation),
            ProcessMemory.ReadAsync(hub.ProcessId, MemoryReadings, _cancellation));
        _report.Memory.Add(new MemoryReading("agent", state, replicas, null, AgentAimMb, readings[0]));
        _report.Memory.Add(new MemoryReading("hub", state, _options.Members, grains, hubAim, readings[1]));
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  agent {readings[0].ResidentKib / 1024.0:0.0} MiB, hub {readings[1].ResidentKib / 1024.0:0.0} MiB with {grains} active members"));
    }

    private static async Task SayAsync(string what) => await Console.Out.WriteLineAsync($"bench: {what}");

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
