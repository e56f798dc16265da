using System.Globalization;
using System.Runtime.InteropServices;
using SyncHub.Bench;
using SyncHub.Bench.Rows;

// make bench [ONLY=rows] [STORAGE=engines] [RUNS=n]. Exit code 0: everything ran, whatever the figures say.
IRow[] rows = [new StreamRow(), new HotRow(), new TillRow(), new RightsRow(), new ReconnectRow(), new ColdRow(), new BigRow(), new AckRow(), new IdleRow(), new CostRow(), new PartsRow()];
string[] named = ["big", "memory", "cost", "parts"]; // they take minutes: only when they are asked for
BenchOptions options;
try
{
    options = BenchOptions.Parse(args);
    var known = rows.Select(row => row.Name).Append("memory").ToArray();
    if (options.Only.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
    {
        throw new ArgumentException($"There is no row {unknown}. Rows: {string.Join(", ", known)}.");
    }
}
catch (Exception fault) when (fault is ArgumentException or FormatException or OverflowException)
{
    await Console.Error.WriteLineAsync($"{fault.Message} Known: --only, --storage, --runs, --seconds, --stream-members, --backlog, --big, --part-records, --agents, --members, --samples, --idle, each with a value.");
    return 2;
}

using var stop = new CancellationTokenSource();
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
var root = Layout.FindRoot();
var output = Layout.Output(root);
PostgresServer? server = null;
try
{
    foreach (var row in rows.Where(row => options.Only.Count == 0 ? !named.Contains(row.Name) : options.Only.Contains(row.Name)))
    {
        foreach (var engine in row.IsPerEngine ? options.Storage : options.Storage.Take(1))
        {
            await Console.Out.WriteLineAsync($"bench: {row.Name} on {engine}");
            server ??= engine == "postgres" ? await PostgresServer.StartAsync(root, stop.Token) : null;
            await using var site = await Site.StartAsync(options, engine, row.Name, Layout.Program(root), Layout.Fresh(output), engine == "postgres" ? server : null, stop.Token);
            Table.Write(output, row.Name, engine, await row.RunAsync(site, stop.Token));
        }
    }

    if (options.Only.Contains("memory"))
    {
        var report = await BenchRun.RunAsync(options, root, stop.Token);
        await Console.Out.WriteLineAsync(report.ToMarkdown());
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"Written to {report.Write(output)}"));
    }

    var table = Table.ToMarkdown(output);
    await File.WriteAllTextAsync(Path.Combine(output, "bench.md"), table, stop.Token);
    await Console.Out.WriteLineAsync("\n" + table);
    return 0;
}
catch (Exception fault)
{
    await Console.Error.WriteLineAsync(stop.IsCancellationRequested ? "bench: stopped." : $"bench: {fault}");
    return 1;
}
finally
{
    await (server?.DisposeAsync() ?? ValueTask.CompletedTask);
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true; // processes and folders are removed on the way out
    stop.Cancel();
}
