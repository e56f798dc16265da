using System.CommandLine;
using SyncHub.Hub;
using SyncHub.Storage;

namespace SyncHub.Cli;

/// <summary><c>synchub hub backup</c> and <c>synchub hub restore</c>.</summary>
internal static class HubBackupCommand
{
    private static readonly Option<string> Data = new("--data") { Description = "Folder of the hub.", Required = true };
    private static readonly Option<string> To = new("--to") { Description = "The copy to make; a file that exists is never overwritten.", Required = true };
    private static readonly Option<string> From = new("--from") { Description = "The copy to go back to.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> Storage = new("--storage") { Description = $"Instead of --from, where PostgreSQL's own tools have brought the database back: {StorageSetting.Help}.", DefaultValueFactory = _ => "" };

    private static readonly Option<string> Parts = new("--parts") { Description = "With --storage: folder of the parts that have left that database, as the hub's --parts.", DefaultValueFactory = _ => "" };

    /// <summary><c>synchub hub backup</c>.</summary>
    public static Command CreateBackup()
    {
        var backup = new Command("backup", "Copies the hub's database as of one moment, while the hub runs or not. Not for a hub on PostgreSQL: use pg_basebackup or your archive.") { Data, To };
        backup.SetAction((arguments, _) => GuardAsync(() => BackupAsync(arguments)));
        return backup;
    }

    /// <summary><c>synchub hub restore</c>.</summary>
    public static Command CreateRestore()
    {
        var restore = new Command("restore", "Puts a copy in the place of a stopped hub's database, which is moved aside, and begins a new term. A PostgreSQL database is copied and brought back by its own tools (pg_basebackup, WAL archive); here it only begins its new term.") { Data, From, Storage, Parts };
        restore.SetAction((arguments, _) => GuardAsync(() => RestoreAsync(arguments)));
        return restore;
    }

    private static async Task BackupAsync(ParseResult arguments)
    {
        var copy = Path.GetFullPath(arguments.GetValue(To)!);
        HubBackup.Make(arguments.GetValue(Data)!, copy);
        await Console.Out.WriteLineAsync($"{copy}: {new FileInfo(copy).Length} bytes, checked. It holds members and secrets: keep it as you keep the hub's folder, on another machine.").ConfigureAwait(false);
    }

    private static async Task RestoreAsync(ParseResult arguments)
    {
        var data = Path.GetFullPath(arguments.GetValue(Data)!);
        var (from, storage) = (arguments.GetValue(From)!, StorageSetting.Resolve(arguments.GetValue(Storage)!, "--storage"));
        if (from.Length == 0 == (storage.Length == 0))
        {
            throw new ArgumentException("Give --from (a copy of hub.db) or --storage (a PostgreSQL database that was brought back), one of both.");
        }

        var now = TimeProvider.System.GetUtcNow();
        var done = await (storage.Length > 0 ? HubBackup.BeginTermAsync(storage, data, now, arguments.GetValue(Parts)!) : HubBackup.RestoreAsync(data, from, now)).ConfigureAwait(false);
        var aside = done.Aside.Length > 0 ? $" What was there is now {done.Aside}." : "";
        var place = storage.Length > 0 ? $" --storage {arguments.GetValue(Storage)}" : "";
        await Console.Out.WriteLineAsync($"The copy is in place, in a new term ({done.Term}).{aside} Start the hub: synchub hub run --data {data}{place}").ConfigureAwait(false);
        await Console.Out.WriteLineAsync($"Until {done.Stores} stores have reported what they hold and sent their ops again, no rights are granted; each goes on selling with what it has. `synchub store list` shows `reconciling` for those that are missing.").ConfigureAwait(false);
        await Console.Out.WriteLineAsync("A store that cannot come back: synchub store reclaim N --approver NAME. More: deploy/RUNBOOK.md, \"hub lost\".").ConfigureAwait(false);
    }

    private static async Task<int> GuardAsync(Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
            return ExitCode.Ok;
        }
        catch (Exception fault) when (fault is ArgumentException or JournalException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return ExitCode.Usage;
        }
    }
}
