using Microsoft.Data.Sqlite;
using SyncHub.Storage.Files;
using SyncHub.Storage.Sqlite.Audit;

namespace SyncHub.Storage.Sqlite;

/// <summary>Copies of a journal file: made while its owner lives or not, and put in the place of a journal that is lost.</summary>
/// <remarks>
/// Crash rule: a copy appears under its name whole and synced, or not at all. A replacement that was interrupted leaves its draft beside
/// the journal, and <see cref="SqliteJournal.Open"/> refuses to go on until the replacement was done again: half of one is no history.
/// </remarks>
public static class JournalCopy
{
    private const string DraftSuffix = ".restoring";
    private static readonly string[] Parts = ["", "-wal", "-shm"];

    /// <summary>Copies the journal at <paramref name="path"/> to a new file, as of one moment. Its owner may run and write meanwhile.</summary>
    /// <exception cref="JournalUnavailableException">The journal cannot be read, or the copy not be written.</exception>
    /// <exception cref="IOException">There is a file at <paramref name="copy"/>: a copy is never overwritten.</exception>
    public static void Make(string path, string copy)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(copy);
        (path, copy) = (Path.GetFullPath(path), Path.GetFullPath(copy));
        ThrowIfMissing(path);
        if (File.Exists(copy))
        {
            throw new IOException($"{copy} exists. A copy is never overwritten: name another file.");
        }

        var draft = copy + ".part";
        try
        {
            Begin(draft);
            Transfer(path, draft);
            ThrowIfDamaged(draft);
            File.Move(draft, copy, overwrite: false);
        }
        catch
        {
            Delete(draft);
            throw;
        }
    }

    /// <summary>Puts a copy in the place of the journal at <paramref name="path"/>, whose owner must not run. What is there is moved aside and never deleted.</summary>
    /// <param name="path">The journal; it may be missing or damaged.</param>
    /// <param name="from">The copy; it is only read.</param>
    /// <param name="aside">The name that the journal gets; nothing may be there.</param>
    /// <param name="amend">Changes the copy before anybody can open it under the journal's name.</param>
    /// <exception cref="JournalUnavailableException">The owner runs, or the copy is no good journal; nothing was changed.</exception>
    public static async Task PutInPlaceAsync(string path, string from, string aside, Func<IJournal, Task> amend)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(amend);
        path = Path.GetFullPath(path);
        ThrowIfMissing(from);
        using var owner = FileLock.Take(path);
        var draft = path + DraftSuffix;
        var isRepeated = File.Exists(draft);
        try
        {
            Begin(draft);
            Transfer(Path.GetFullPath(from), draft);
            ThrowIfDamaged(draft);
            var journal = SqliteJournal.Open(draft, new SqliteJournalOptions());
            await using (journal.ConfigureAwait(false))
            {
                await amend(journal).ConfigureAwait(false);
            }
        }
        catch
        {
            // After an interrupted replacement the journal's place may be empty: the draft goes on saying so.
            if (!isRepeated)
            {
                Delete(draft);
            }

            throw;
        }

        foreach (var part in Parts.Where(part => File.Exists(path + part)))
        {
            File.Move(path + part, aside + part, overwrite: false);
        }

        DeleteBeside(draft);
        File.Move(draft, path, overwrite: false);
    }

    /// <summary>Refuses a journal whose replacement was interrupted.</summary>
    internal static void ThrowIfHalfReplaced(string path)
    {
        if (File.Exists(path + DraftSuffix))
        {
            throw new JournalUnavailableException(JournalFault.Locked, $"{path}: its restore from a copy was interrupted or is under way. Run the restore again, to its end.");
        }
    }

    private static void Transfer(string path, string draft)
    {
        try
        {
            using var source = Connections.OpenReader(path, new SqliteJournalOptions());
            using var target = Connections.OpenBare(draft);
            source.BackupDatabase(target);
            // One plain file: it can be copied and read without the -wal and -shm that a journal in use has.
            Connections.Do(target, "PRAGMA journal_mode = DELETE");
        }
        catch (SqliteException error)
        {
            throw SqliteFaults.From(error, error.SqliteErrorCode == SQLitePCL.raw.SQLITE_FULL ? draft : path);
        }

        using var file = new FileStream(draft, FileMode.Open, FileAccess.ReadWrite);
        file.Flush(flushToDisk: true);
    }

    private static void ThrowIfDamaged(string draft)
    {
        using var reader = JournalFileReader.Open(draft);
        var found = reader.IntegrityCheck();
        if (found is not ["ok"])
        {
            throw new JournalUnavailableException(JournalFault.Corrupt, $"{draft}: the copy is damaged ({string.Join("; ", found)}). Check the disk that it comes from, and take an older copy.");
        }
    }

    private static void ThrowIfMissing(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no file {path}. Correct the path.", path);
        }
    }

    // An older draft is emptied, never deleted: it says that a replacement is under way.
    private static void Begin(string draft)
    {
        DeleteBeside(draft);
        using var file = new FileStream(draft, PrivateFile.Options(FileMode.OpenOrCreate)); // members and secrets are in it
        file.SetLength(0);
    }

    private static void Delete(string draft)
    {
        DeleteBeside(draft);
        File.Delete(draft);
    }

    private static void DeleteBeside(string draft)
    {
        foreach (var suffix in (ReadOnlySpan<string>)["-wal", "-shm", "-journal", ".lock", ".lock.pid"])
        {
            File.Delete(draft + suffix);
        }
    }
}
