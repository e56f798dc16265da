using System.CommandLine;
using SyncHub.Hub;
using SyncHub.Storage;

namespace SyncHub.Cli;

/// <summary><c>synchub hub hq-tables</c>: the tables that HQ may query, made anew.</summary>
internal static class HqTablesCommand
{
    private static readonly Option<string> Data = new("--data") { Description = "Folder of the hub.", Required = true };
    private static readonly Option<string> Storage = new("--storage") { Description = $"Where the hub's journal is a PostgreSQL database: {StorageSetting.Help}.", DefaultValueFactory = _ => "" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var rebuild = new Command("rebuild", "Empties the tables; the hub fills them again from its first record on, at once where it runs, else when it starts.") { Data, Storage };
        rebuild.SetAction((arguments, _) => RebuildAsync(arguments));
        return new Command("hq-tables", "The tables that HQ may query with SQL.") { rebuild };
    }

    private static async Task<int> RebuildAsync(ParseResult arguments)
    {
        try
        {
            await HqTablesRebuild.RunAsync(Path.GetFullPath(arguments.GetValue(Data)!), StorageSetting.Resolve(arguments.GetValue(Storage)!, "--storage")).ConfigureAwait(false);
            await Console.Out.WriteLineAsync("The tables are empty. The hub fills them from its first record on: at once where it runs, else when it starts.").ConfigureAwait(false);
            return ExitCode.Ok;
        }
        catch (Exception fault) when (fault is ArgumentException or JournalException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return ExitCode.Usage;
        }
    }
}
