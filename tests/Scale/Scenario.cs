using static System.FormattableString;

namespace SyncHub.Scale;

/// <summary>What happens to the chain at its peak, and what it comes to.</summary>
internal sealed class Scenario
{
    private const int SettlingLeases = 3; // hubs start one after another and share what the first ones took
    private const long SecondUs = 1_000_000;
    private const long LongestWaitUs = 600 * SecondUs;

    private readonly ScaleOptions _options;
    private readonly World _world;
    private readonly long _beganUs;
    private readonly long _acknowledged;

    private Scenario(ScaleOptions options)
    {
        _options = options;
        _world = new World(options);
        _world.Time.RunTo(SettlingLeases * options.LeaseMs * 1_000L);
        _world.Stores.BeginFigures();
        (_beganUs, _acknowledged) = (_world.Time.NowUs, _world.Stores.Acknowledged);
    }

    /// <summary>The peak, and nothing else.</summary>
    public static Outcome Peak(ScaleOptions options)
    {
        var scenario = new Scenario(options);
        var (hubs, databases) = (scenario._world.Hubs, scenario._world.Databases);
        var busyBefore = hubs.ToDictionary(hub => hub, hub => hub.BusyUs);
        var feedBefore = databases.ToDictionary(database => database, database => (database.BusyUs, database.Commits, database.Records));
        scenario.Run(options.Seconds * SecondUs);
        var us = (double)options.Seconds * SecondUs;
        var cores = hubs.Select(hub => (hub.BusyUs - busyBefore[hub]) / us / hub.Cores * 100).ToArray();
        var feeds = databases.Select(database => (database.BusyUs - feedBefore[database].BusyUs) / us * 100).ToArray();
        var commits = databases.Sum(database => database.Commits - feedBefore[database].Commits);
        return new Outcome(Invariant($"Peak: {options.OpsPerSecond:N0} ops/s of {options.Stores:N0} stores, {options.Hubs} hubs of {options.Cores} cores, {options.Databases} databases of {options.HubsPerDatabase} hubs each"),
        [
            ("acknowledged", Invariant($"{(scenario._world.Stores.Acknowledged - scenario._acknowledged) / (double)options.Seconds:N0} ops/s")),
            ("hubs' cores busy", Invariant($"mean {cores.Average():0} %, max {cores.Max():0} %, max/mean {cores.Max() / cores.Average():0.00}")),
            ("databases' feeds held", Invariant($"mean {feeds.Average():0} %, max {feeds.Max():0} %; {commits / (double)options.Seconds / databases.Count:N0} commits/s each, {databases.Sum(database => database.Records - feedBefore[database].Records) / (double)Math.Max(1, commits):0.0} decisions in one")),
            ("stores of a hub", Placement.Describe([.. hubs.Select(hub => (long)hub.Stores)])),
            .. scenario.Queues(),
            ("op to acknowledgement, at the hubs", Latency(scenario._world.Stores.LatencyUs)),
        ]);
    }

    /// <summary>Some hubs' machines are gone at once.</summary>
    public static Outcome Lose(ScaleOptions options, int hubs)
    {
        var scenario = new Scenario(options);
        scenario.Run(SecondUs);
        var before = scenario._world.Samples[^1];
        var stores = 0;
        // Neighbours: they share databases, which is the worse case.
        foreach (var hub in scenario._world.Hubs.Take(hubs).ToArray())
        {
            stores += hub.Stores;
            scenario._world.Crash(hub);
        }

        var lost = scenario._world.Samples.Count;
        return new Outcome(Invariant($"{hubs} of {options.Hubs} hubs lost at once, {stores:N0} stores with them, at {options.OpsPerSecond:N0} ops/s"),
        [
            .. scenario.Recover(lost, before),
            .. scenario.Queues(),
            ("op to acknowledgement meanwhile", Latency(scenario._world.Stores.LatencyUs)),
            ("stores of a hub afterwards", Placement.Describe([.. scenario._world.Hubs.Where(hub => hub.IsAlive).Select(hub => (long)hub.Stores)])),
        ]);
    }

    /// <summary>One more hub.</summary>
    public static Outcome Join(ScaleOptions options)
    {
        var scenario = new Scenario(options);
        scenario.Run(SecondUs);
        var (moved, since) = (scenario._world.Moved, scenario._world.Time.NowUs);
        var hub = scenario._world.AddHub();
        var lastUs = since;
        for (var quiet = 0; quiet < 2 * options.LeaseMs / 100;)
        {
            var count = scenario._world.Moved;
            scenario.Run(SecondUs / 10);
            (quiet, lastUs) = count == scenario._world.Moved ? (quiet + 1, lastUs) : (0, scenario._world.Time.NowUs);
        }

        return new Outcome("One more hub starts, at the peak",
        [
            ("partitions that moved to it or through it", Invariant($"{scenario._world.Moved - moved}; it has {scenario._world.Partitions.Count(partition => partition.Owner == hub)}")),
            ("last move after", Invariant($"{(lastUs - since) / 1e6:0.0} s")),
            ("partitions of a hub", Placement.Describe([.. scenario._world.Partitions.GroupBy(partition => partition.Owner).Select(own => (long)own.Count())])),
            ("op to acknowledgement meanwhile", Latency(scenario._world.Stores.LatencyUs)),
            ("stores of the new hub", "none: agents stay where they are until a connection ends"),
        ]);
    }

    /// <summary>Every store is cut off, sells on, and all come back at once.</summary>
    public static Outcome Storm(ScaleOptions options)
    {
        var scenario = new Scenario(options);
        scenario.Run(SecondUs);
        var before = scenario._world.Samples[^1];
        scenario._world.Stores.CutAll();
        scenario.Run(options.OutageSeconds * SecondUs);
        var (backlog, connected, failed) = (scenario._world.Stores.Backlog, scenario._world.Stores.Connections, scenario._world.Stores.Failed);
        var back = scenario._world.Samples.Count;
        var acknowledged = scenario._world.Stores.Acknowledged;
        scenario._world.Stores.BeginFigures();
        scenario._world.Stores.RestoreAll();
        var lines = scenario.Recover(back, before);
        var samples = scenario._world.Samples.Skip(back).ToArray();
        var peak = samples.Zip(samples.Skip(10), (from, to) => to.Connected - from.Connected).DefaultIfEmpty().Max();
        var drain = (samples[^1].Acknowledged - acknowledged) / ((samples[^1].AtUs - samples[0].AtUs) / 1e6);
        return new Outcome(Invariant($"All {options.Stores:N0} stores back at once after {options.OutageSeconds} s, {backlog:N0} ops in backlog"),
        [
            .. lines,
            ("connections", Invariant($"{scenario._world.Stores.Connections - connected:N0}; most in a second {peak:N0}; {scenario._world.Stores.Failed - failed:N0} calls came to nothing")),
            ("call to welcome", Latency(scenario._world.Stores.ConnectUs)),
            ("acknowledged meanwhile", Invariant($"{drain:N0} ops/s, {drain / options.OpsPerSecond:0.00} of the peak")),
            .. scenario.Queues(),
        ]);
    }

    private static string Latency(Spread us) => Invariant($"p50 {us.At(50) / 1e3:N1} ms, p99 {us.At(99) / 1e3:N1} ms, max {us.Max / 1e3:N1} ms");

    private void Run(long us) => _world.Time.RunTo(_world.Time.NowUs + us);

    // Until everything is as before, or for ten minutes.
    private List<(string, string)> Recover(int from, Sample before)
    {
        var since = _world.Time.NowUs;
        var calm = Math.Max(2 * (before.Backlog + before.Waiting), _options.OpsPerSecond / 100);
        bool IsOver(Sample sample) => sample.Offline == 0 && sample.Unowned == 0 && sample.Backlog + sample.Waiting <= calm;
        while (_world.Time.NowUs - since < LongestWaitUs && (_world.Samples.Count <= from || !IsOver(_world.Samples[^1])))
        {
            Run(SecondUs / 10);
        }

        Run(SecondUs);
        var samples = _world.Samples.Skip(from).ToArray();
        string Until(Func<Sample, bool> isTrouble)
        {
            var last = Array.FindLastIndex(samples, sample => isTrouble(sample));
            return last < 0 ? "at once" : last == samples.Length - 1 ? "NOT within ten minutes" : Invariant($"{(samples[last].AtUs - since) / 1e6:0.0} s");
        }

        return
        [
            ("every partition has an owner after", Until(sample => sample.Unowned > 0)),
            ("every store is connected after", Until(sample => sample.Offline > 0)),
            ("backlog as before after", Until(sample => sample.Backlog + sample.Waiting > calm)),
        ];
    }

    private IEnumerable<(string, string)> Queues()
    {
        var samples = _world.Samples.Where(sample => sample.AtUs > _beganUs).ToArray();
        long[] Sorted(Func<Sample, long> value) => [.. samples.Select(value).Order()];
        string Line(long[] sorted) => Invariant($"p50 {sorted[sorted.Length / 2]:N0}, p99 {sorted[(sorted.Length - 1) * 99 / 100]:N0}, max {sorted[^1]:N0}");
        yield return ("ops in all inboxes", Line(Sorted(sample => sample.Waiting)));
        yield return ("ops in the longest inbox", Line(Sorted(sample => sample.LongestInbox)));
        yield return ("work that waits for a core, worst hub", Line(Sorted(sample => sample.LongestReady)));
        yield return ("wait for a feed, worst database, us", Line(Sorted(sample => sample.LongestFeedUs)));
    }
}
