using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SyncHub.Storage.Sqlite;

/// <summary>Folds the write-ahead log into the file, after the commits that filled it were answered.</summary>
/// <remarks>Thread rule: whoever has the turn to write. Crash rule: the log keeps what is not folded in, so that an interrupted or failed one is simply done again.</remarks>
internal sealed class Checkpoint(SqliteConnection connection, string path, int everyPages)
{
    // SQLITE_DBSTATUS_CACHE_WRITE: pages written to the log since it was last reset here; the binding does not name it.
    private const int PagesWritten = 9;

    /// <summary>Whether there is something to do, be it to say that it cannot be known.</summary>
    public bool IsDue => raw.sqlite3_db_status(connection.Handle!, PagesWritten, out var pages, out _, 0) != raw.SQLITE_OK || pages >= everyPages;

    /// <summary>Folds where enough pages were written since the last time.</summary>
    /// <returns>What went wrong, or null.</returns>
    public JournalUnavailableException? RunWhenDue()
    {
        var code = raw.sqlite3_db_status(connection.Handle!, PagesWritten, out var pages, out _, 0);
        if (code != raw.SQLITE_OK)
        {
            return Fault(code);
        }
        // PASSIVE: never waits for readers; what they still need stays in the log until the next time.
        return pages < everyPages ? null : Run(raw.SQLITE_CHECKPOINT_PASSIVE);
    }

    /// <summary>Folds what there is, as far as no reader needs it.</summary>
    public JournalUnavailableException? RunNow() => Run(raw.SQLITE_CHECKPOINT_PASSIVE);

    /// <summary>Folds everything and empties the log, for a clean end.</summary>
    public JournalUnavailableException? RunToTheEnd() => Run(raw.SQLITE_CHECKPOINT_TRUNCATE);

    private JournalUnavailableException? Run(int mode)
    {
        var code = raw.sqlite3_wal_checkpoint_v2(connection.Handle!, "main", mode, out _, out _);
        if (code != raw.SQLITE_OK)
        {
            return Fault(code);
        }
        _ = raw.sqlite3_db_status(connection.Handle!, PagesWritten, out _, out _, 1);
        return null;
    }

    private JournalUnavailableException Fault(int code)
    {
        try
        {
            SqliteException.ThrowExceptionForRC(code, connection.Handle!);
        }
        catch (SqliteException error)
        {
            return SqliteFaults.From(error, path);
        }
        return new JournalUnavailableException(JournalFault.Unspecified, $"{path}: the checkpoint answered {code}. It is tried again after the next commit.");
    }
}
