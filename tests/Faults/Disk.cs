using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite.Audit;

namespace SyncHub.Faults.Tests;

/// <summary>What is done to a store's files while its agent is down.</summary>
internal static class Disk
{
    /// <summary>Copies database and identity, and the keys without which nobody could read them; the guard stays where it is, as it does with a real backup.</summary>
    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        if (!File.Exists(to + KeyRing.Extension))
        {
            File.Copy(from + KeyRing.Extension, to + KeyRing.Extension);
        }

        foreach (var name in (string[])["agent.db", "agent.db-wal", "identity.json"])
        {
            var source = Path.Combine(from, name);
            if (File.Exists(source))
            {
                File.Copy(source, Path.Combine(to, name), overwrite: true);
            }
        }
    }

    /// <summary>Removes the database and puts an older copy in its place.</summary>
    public static void Restore(string backup, string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "agent.db*"))
        {
            File.Delete(file);
        }

        Copy(backup, folder);
    }

    /// <summary>The ops in a database: life, number and hash.</summary>
    public static List<(long Incarnation, long Sequence, string Hash)> Ops(string folder)
    {
        using var file = JournalFileReader.Open(Path.Combine(folder, "agent.db"));
        return [.. file.Facts().Select(fact => (fact.Producer.Incarnation, fact.Sequence, Convert.ToHexString(fact.Hash)))];
    }
}
