using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using SyncHub.Storage.Files;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Storage.Retention;

/// <summary>Seals the rows of a part's file anew with the newest key, in a file of another name: files of parts never change.</summary>
/// <remarks>Crash rule: the older file counts until the database names the newer one; what an attempt left is written over by the next.</remarks>
internal static class PartRewrite
{
    /// <summary>Writes the newer file where any row has an older key.</summary>
    /// <param name="folder">Of the parts.</param>
    /// <param name="part">As the database has it.</param>
    /// <param name="ring">The keys, among them those that sealed it.</param>
    /// <returns>How many values were sealed anew, and the part in its newer file; the part itself where none was.</returns>
    /// <exception cref="JournalUnavailableException">The file is not there or not what left the database, or a value does not open.</exception>
    public static (long Values, JournalPart Part) Run(string folder, JournalPart part, KeyRing ring)
    {
        var path = Path.Combine(folder, part.File);
        if (!File.Exists(path))
        {
            throw new JournalUnavailableException(JournalFault.InputOutput, $"{path}: part {part.Number} of the journal is in this file, and it is not there. Give its folder with --parts, or bring the file back from a backup of that folder.");
        }

        if (!CryptographicOperations.FixedTimeEquals(SumOf(path), part.Sha256))
        {
            throw new JournalUnavailableException(JournalFault.Corrupt, $"{path}: it is not the file that left the database (another SHA-256). Bring it back from a backup of its folder; nothing was changed.");
        }

        var draft = path + ".draft";
        try
        {
            PrivateFile.Write(draft, []);
            File.Copy(path, draft, overwrite: true);
            var values = Rewrite(draft, ring);
            if (values == 0)
            {
                return (0, part);
            }

            var newer = part with { File = $"part-{part.Number:000000}-key{ring.Newest}.db", Sha256 = SyncedSumOf(draft) };
            File.Move(draft, Path.Combine(folder, newer.File), overwrite: true);
            DirectorySync.Flush(folder);
            return (values, newer);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private static long Rewrite(string draft, KeyRing ring)
    {
        try
        {
            using var connection = Connections.OpenBare(draft);
            // No journal and no sync while it is written: it counts from when it has been synced as a whole.
            Connections.Do(connection, "PRAGMA synchronous = OFF");
            Connections.Ask(connection, "PRAGMA journal_mode = OFF");
            return JournalRewrite.Run(connection, ring);
        }
        catch (SqliteException error)
        {
            throw SqliteFaults.From(error, draft);
        }
    }

    private static byte[] SumOf(string path)
    {
        using var file = File.OpenRead(path);
        return SHA256.HashData(file);
    }

    private static byte[] SyncedSumOf(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        var sum = SHA256.HashData(file);
        file.Flush(flushToDisk: true);
        return sum;
    }
}
