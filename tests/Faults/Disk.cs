using System.Diagnostics;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite.Audit;

namespace SyncHub.Faults.Tests;

/// <summary>What is done to a store's files while its agent is down, and to the file system beneath them.</summary>
internal static class Disk
{
    private const int BlockBytes = 4096;

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

    /// <summary>Makes the folder a file system of its own. False where that is not allowed.</summary>
    public static bool TryMount(string folder) =>
        OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && Run("mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", folder);

    public static void Unmount(string folder) => Run("umount", "-l", folder);

    /// <summary>Fills the file system of a folder to the last block.</summary>
    public static void Fill(string folder)
    {
        using var filler = File.OpenWrite(Filler(folder));
        var block = new byte[BlockBytes];
        try
        {
            while (true)
            {
                filler.Write(block);
                filler.Flush(flushToDisk: true);
            }
        }
        catch (IOException)
        {
            // Full, as wanted.
        }
    }

    public static void MakeSpace(string folder) => File.Delete(Filler(folder));

    private static string Filler(string folder) => Path.Combine(folder, "filler");

    private static bool Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
