using SyncHub.Acceptance;
using SyncHub.Demo;

// make acceptance TRACE=<csv.gz> DOWNTIME=<percent> STORES=<n, 0 = all>. Exit code 0: it ran and no wallet was overdrawn, whatever the figures say.
try
{
    var options = AcceptanceOptions.Parse(args);
    var trace = PurchaseTrace.Open(options);
    await Console.Out.WriteLineAsync(Report.Head(trace, options));
    foreach (var (name, policy) in Policies.All.Where(entry => entry.Name.Contains(options.Only, StringComparison.Ordinal)))
    {
        foreach (var floor in new[] { 0, trace.FloorMinor })
        {
            var tallies = new Tally[options.Seeds];
            Parallel.For(0, options.Seeds, new ParallelOptions { MaxDegreeOfParallelism = 2 }, seed => tallies[seed] = Acceptance.Run(trace, policy, floor, options.DowntimePercent, (ulong)seed + 1));
            var all = new Tally();
            foreach (var tally in tallies)
            {
                all.Add(tally);
            }

            await Console.Out.WriteLineAsync(Report.Row(name, floor > 0, all, tallies));
            if (options.Only.Length > 0)
            {
                await Console.Out.WriteLineAsync(Report.Frames(all));
            }
        }
    }

    await Console.Out.WriteLineAsync($"At most ready without a floor: {Bound.Of(trace, 0)}. With one: {Bound.Of(trace, trace.FloorMinor)}.");
    await Console.Out.WriteLineAsync(PlanCost.Measure());
    return 0;
}
catch (Exception fault) when (fault is ArgumentException or IOException or UnauthorizedAccessException or DemoException)
{
    await Console.Error.WriteLineAsync($"acceptance: {fault.Message} Options: --trace FILE|salons|tourists|families, --downtime PERCENT, --stores N, --seeds N, --receipts N, --only POLICY.");
    return 2;
}
catch (Exception fault)
{
    await Console.Error.WriteLineAsync($"acceptance: {fault}");
    return 1;
}
