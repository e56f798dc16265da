using System.CommandLine;
using SyncHub.Storage;
using SyncHub.Storage.Postgres;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Cli;

/// <summary><c>synchub keys</c>: the keys that seal a database, hub's or agent's.</summary>
internal static class KeysCommand
{
    private static readonly Option<string> Data = new("--data") { Description = "Folder of the hub or agent.", Required = true };
    private static readonly Option<string> KeyFile = new("--keys") { Description = "Its key file; empty = where it usually lies.", DefaultValueFactory = _ => "" };

    private static readonly Option<string> Storage = new("--storage") { Description = $"For a hub whose journal is in PostgreSQL: {StorageSetting.Help}.", DefaultValueFactory = _ => "" };

    private static readonly Option<string> Parts = new("--parts") { Description = "With --storage: folder of the parts that have left that database, as the hub's --parts; their files are sealed anew too.", DefaultValueFactory = _ => "" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var rotate = new Command("rotate", "Adds a new key. What is written from the next start on is sealed with it; the older keys still open what they sealed.") { Data, KeyFile };
        rotate.SetAction((arguments, _) => GuardAsync(() => Rotate(arguments)));
        var rewrite = new Command("rewrite", "Seals everything in the database of a stopped hub or agent with its newest key, and drops the older keys. Interrupted, it goes on where it is run again. In PostgreSQL it is the writer while it works: stop every hub first, those that stand by too.") { Data, KeyFile, Storage, Parts };
        rewrite.SetAction((arguments, cancellation) => GuardAsync(() => RewriteAsync(arguments, cancellation)));
        return new Command("keys", "The keys that seal a database. Keep a copy of the key file, apart from the copies of the database.") { rotate, rewrite };
    }

    private static Task Rotate(ParseResult arguments)
    {
        var ring = RingOf(KeyedJournal(arguments), arguments);
        var number = ring.Rotate();
        Console.WriteLine($"{ring.Path}: key {number} seals from the next start on. Copy the file to where its copies are kept. To be rid of the older keys, stop the process and run: synchub keys rewrite --data {arguments.GetValue(Data)}");
        return Task.CompletedTask;
    }

    private static async Task RewriteAsync(ParseResult arguments, CancellationToken cancellation)
    {
        if (StorageSetting.Resolve(arguments.GetValue(Storage)!, "--storage") is { Length: > 0 } storage)
        {
            await RewriteDatabaseAsync(arguments, storage, cancellation).ConfigureAwait(false);
            return;
        }

        var journal = Journal(arguments);
        var ring = RingOf(journal, arguments);
        var values = JournalRewrite.Run(journal, ring);
        ring.DropOlder();
        Console.WriteLine($"{journal}: {values} values were sealed anew; {ring.Path} holds key {ring.Newest} only. Older copies of the database need the older key file: keep that as long as you keep them.");
    }

    // A file too, where one is left from before the journal moved: its keys would be dropped with the others.
    private static async Task RewriteDatabaseAsync(ParseResult arguments, string storage, CancellationToken cancellation)
    {
        var file = Path.Combine(Path.GetFullPath(arguments.GetValue(Data)!), "hub.db");
        if (File.Exists(file))
        {
            throw new InvalidOperationException($"{file} is sealed with the same keys. If the journal lies in PostgreSQL now, move that file to where the copies of the database are kept, with a copy of the key file; then run this again.");
        }

        var ring = RingOf(file, arguments);
        var (values, parts) = await PostgresRewrite.RunAsync(storage, new PostgresJournalOptions(), ring, arguments.GetValue(Parts)!, cancellation).ConfigureAwait(false);
        if (parts > 0)
        {
            Console.WriteLine($"{values} values were sealed anew. {parts} parts of the journal have left the database for files, which keep the keys that sealed them: so {ring.Path} keeps its older keys, and what the files hold can still be read. To seal them anew too, run this again with --parts FOLDER.");
            return;
        }

        ring.DropOlder();
        Console.WriteLine($"{values} values were sealed anew; {ring.Path} holds key {ring.Newest} only. Copy it to the other hubs of this journal before they start. Older copies of the database, and of the files of its parts, need the older key file: keep that as long as you keep them.");
    }

    private static string Journal(ParseResult arguments)
    {
        var folder = Path.GetFullPath(arguments.GetValue(Data)!);
        return ((string[])["hub.db", "agent.db"]).Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException(File.Exists(Path.Combine(folder, "hub.keys"))
                ? $"{folder}: this hub has no hub.db; its journal lies in PostgreSQL. Say where: --storage, as for hub run."
                : $"{folder}: there is neither a hub.db nor an agent.db. Name the folder of a hub or an agent.");
    }

    // A hub on PostgreSQL has its keys in its folder, and no file that they seal.
    private static string KeyedJournal(ParseResult arguments)
    {
        var hub = Path.Combine(Path.GetFullPath(arguments.GetValue(Data)!), "hub.db");
        return File.Exists(KeyRing.UsualPaths(hub)[0]) ? hub : Journal(arguments);
    }

    private static KeyRing RingOf(string journal, ParseResult arguments)
    {
        var named = arguments.GetValue(KeyFile)!;
        return KeyRing.Open(named.Length > 0 ? named : KeyRing.UsualPaths(journal).FirstOrDefault(File.Exists) ?? KeyRing.UsualPaths(journal)[0]);
    }

    private static async Task<int> GuardAsync(Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
            return ExitCode.Ok;
        }
        catch (Exception fault) when (fault is ArgumentException or JournalException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            Console.Error.WriteLine(fault.Message);
            return ExitCode.Usage;
        }
    }
}
