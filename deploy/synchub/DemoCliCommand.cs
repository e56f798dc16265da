using System.CommandLine;
using SyncHub.Demo;

namespace SyncHub.Cli;

/// <summary><c>synchub demo</c>: a whole chain on this machine, with trouble, and the books at the end.</summary>
internal static class DemoCliCommand
{
    private static readonly Option<string?> Trace = new("--trace") { Description = "Receipts to replay, CSV or CSV.gz." };
    private static readonly Option<int> Stores = new("--stores") { Description = "How many stores (2 to 64).", DefaultValueFactory = _ => 8 };
    private static readonly Option<int> Hubs = new("--hubs") { Description = "How many hub processes on one PostgreSQL (1 to 4); one leads.", DefaultValueFactory = _ => 1 };
    private static readonly Option<int> Cells = new("--cells") { Description = "How many databases share the members (1 to 4), each with so many hubs.", DefaultValueFactory = _ => 1 };
    private static readonly Option<int> Outage = new("--outage") { Description = "Percent of store time without network.", DefaultValueFactory = _ => 6 };
    private static readonly Option<ulong> Seed = new("--seed") { Description = "Decides where the trouble strikes.", DefaultValueFactory = _ => 1UL };
    private static readonly Option<int?> Receipts = new("--receipts") { Description = "Replay at most so many receipts." };
    private static readonly Option<string> Data = new("--data") { Description = "Where the run's databases lie.", DefaultValueFactory = _ => Path.Combine("artifacts", "demo", "run") };
    private static readonly Option<string> Summary = new("--summary") { Description = "Where the numbers go.", DefaultValueFactory = _ => Path.Combine("artifacts", "demo", "summary.json") };
    private static readonly Option<string[]> Storage = new("--storage") { Description = $"An empty PostgreSQL database for the hub, one for each cell: {StorageSetting.Help}.", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<string?> Older = new("--older") { Description = "An older synchub as which hub and agents start; this one takes its place while the chain runs." };
    private static readonly Option<bool> Keep = new("--keep") { Description = "Keep the databases after a good run too." };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var demo = new Command("demo", "Runs a hub and its stores on this machine, replays receipts, cuts networks, kills processes, and audits the books.") { Trace, Stores, Hubs, Cells, Outage, Seed, Receipts, Data, Summary, Storage, Older, Keep };
        demo.SetAction(RunAsync);
        return demo;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        string[] storages;
        try
        {
            storages = [.. (arguments.GetValue(Storage) ?? []).Select(storage => StorageSetting.Resolve(storage, "--storage"))];
        }
        catch (ArgumentException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return ExitCode.Usage;
        }

        return await DemoCommand.RunAsync(new DemoOptions
        {
            TracePath = arguments.GetValue(Trace) is { Length: > 0 } path ? path : null,
            Stores = arguments.GetValue(Stores),
            Hubs = arguments.GetValue(Hubs),
            Cells = arguments.GetValue(Cells),
            OutagePercent = arguments.GetValue(Outage),
            Seed = arguments.GetValue(Seed),
            Receipts = arguments.GetValue(Receipts),
            DataFolder = arguments.GetValue(Data)!,
            SummaryPath = arguments.GetValue(Summary)!,
            Storages = storages,
            OlderProgram = arguments.GetValue(Older) is { Length: > 0 } older ? Path.GetFullPath(older) : null,
            KeepData = arguments.GetValue(Keep),
        }, cancellation).ConfigureAwait(false);
    }
}
