using System.Diagnostics;
using SyncHub.Scale;

// make scale. Exit code 0: it ran, whatever the figures say.
ScaleOptions options;
try
{
    options = ScaleOptions.Parse(args);
}
catch (Exception fault) when (fault is ArgumentException or FormatException or OverflowException)
{
    await Console.Error.WriteLineAsync($"scale: {fault.Message} Known: --members, --stores, --ops, --hubs, --cores, --databases, --hubs-per-database, --partitions, --seconds, --lose, --outage, --lease-ms, --commit-us, --connect-us, --seed, each with a value.");
    return 2;
}

var since = Stopwatch.GetTimestamp();
foreach (var run in Scenarios.All(options))
{
    await Console.Out.WriteLineAsync(Report.Of(run()));
}

await Console.Out.WriteLineAsync(FormattableString.Invariant($"seed {options.Seed}; {Stopwatch.GetElapsedTime(since).TotalSeconds:0} s of this machine's time"));
return 0;
