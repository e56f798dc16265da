using System.CommandLine;
using SyncHub.Storage;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Cli;

/// <summary><c>synchub keys</c>: the keys that seal a database, hub's or agent's.</summary>
internal static class KeysCommand
{
    private static readonly Option<string> Data = new("--data") { Description = "Folder of the hub or agent.", Required = true };
    private static readonly Option<string> KeyFile = new("--keys") { Description = "Its key file; empty = where it usually lies.", DefaultValueFactory = _ => "" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var rotate = new Command("rotate", "Adds a new key. What is written from the next start on is sealed with it; the older keys still open what they sealed.") { Data, KeyFile };
        rotate.SetAction(arguments => Guard(() => Rotate(arguments)));
        var rewrite = new Command("rewrite", "Seals everything in the database of a stopped hub or agent with its newest key, and drops the older keys.") { Data, KeyFile };
        rewrite.SetAction(arguments => Guard(() => Rewrite(arguments)));
        return new Command("keys", "The keys that seal a database. Keep a copy of the key file, apart from the copies of the database.") { rotate, rewrite };
    }

    private static void Rotate(ParseResult arguments)
    {
        var ring = RingOf(KeyedJournal(arguments), arguments);
        var number = ring.Rotate();
        Console.WriteLine($"{ring.Path}: key {number} seals from the next start on. Copy the file to where its copies are kept. To be rid of the older keys, stop the process and run: synchub keys rewrite --data {arguments.GetValue(Data)}");
    }

    private static void Rewrite(ParseResult arguments)
    {
        var journal = Journal(arguments);
        var ring = RingOf(journal, arguments);
        var values = JournalRewrite.Run(journal, ring);
        ring.DropOlder();
        Console.WriteLine($"{journal}: {values} values were sealed anew; {ring.Path} holds key {ring.Newest} only. Older copies of the database need the older key file: keep that as long as you keep them.");
    }

    private static string Journal(ParseResult arguments)
    {
        var folder = Path.GetFullPath(arguments.GetValue(Data)!);
        return ((string[])["hub.db", "agent.db"]).Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException(File.Exists(Path.Combine(folder, "hub.keys"))
                ? $"{folder}: this hub has no hub.db; its journal lies in PostgreSQL, where values keep the key that sealed them: rewrite is for files. Keep every key of the file."
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

    private static int Guard(Action action)
    {
        try
        {
            action();
            return ExitCode.Ok;
        }
        catch (Exception fault) when (fault is JournalException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            Console.Error.WriteLine(fault.Message);
            return ExitCode.Usage;
        }
    }
}
