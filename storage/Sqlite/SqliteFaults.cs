using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SyncHub.Storage.Sqlite;

/// <summary>From SQLite's result codes to the journal's faults, each with the way out.</summary>
internal static class SqliteFaults
{
    // SQLITE_CONSTRAINT_DATATYPE, which the binding does not name: a STRICT column refused a value, here a sum beyond 64 bits.
    public const int ConstraintDatatype = raw.SQLITE_CONSTRAINT | (12 << 8);

    // SQLITE_IOERR_SHMSIZE, not named either: the index beside the log could not be made as large as it has to be, for which only room can lack.
    private const int NoRoomForIndex = raw.SQLITE_IOERR | (19 << 8);

    /// <summary>True where the batch itself is to blame, so that the other batches of the transaction can go on.</summary>
    public static bool BlamesTheBatch(SqliteException error) =>
        error.SqliteErrorCode is raw.SQLITE_CONSTRAINT or raw.SQLITE_TOOBIG or raw.SQLITE_MISMATCH;

    /// <summary>True where, after a failed COMMIT, nobody knows what the disk holds: going on could acknowledge on top of lost data.</summary>
    public static bool IsFatalAtCommit(SqliteException error) =>
        error.SqliteErrorCode is raw.SQLITE_IOERR or raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;

    public static JournalUnavailableException From(SqliteException error, string path)
    {
        var (fault, wayOut) = error.SqliteErrorCode switch
        {
            raw.SQLITE_FULL => (JournalFault.DiskFull, "No space left for the journal: free some on its disk (or raise its limit); the next commit tries again by itself."),
            raw.SQLITE_READONLY => (JournalFault.ReadOnly, ReadOnlyWayOut),
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => (JournalFault.Corrupt, "The file is damaged or not a journal: stop, keep a copy of it with its -wal file, run PRAGMA integrity_check on the copy and restore the newest backup."),
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => (JournalFault.Locked, "Another program holds the file: close the backup tool or SQL shell that writes to it and try again."),
            raw.SQLITE_IOERR => (JournalFault.InputOutput, "The disk failed to read or write: check the system log and the disk's health before starting again."),
            raw.SQLITE_CANTOPEN => (JournalFault.InputOutput, "The file cannot be opened: check that its folder exists and that this user may write there."),
            _ => (JournalFault.Unspecified, "Unexpected: keep a copy of the file and report this."),
        };
        return new JournalUnavailableException(fault,
            $"{path}: {error.Message} (extended code {error.SqliteExtendedErrorCode}). {wayOut}", error);
    }

    /// <summary>The same while a journal is opened. Only then does room that lacks for the index say nothing of a commit: at a commit nobody knows what the disk holds.</summary>
    public static JournalUnavailableException AtOpening(SqliteException error, string path) => error.SqliteExtendedErrorCode == NoRoomForIndex
        ? new JournalUnavailableException(JournalFault.DiskFull, $"{path}: {error.Message} (extended code {error.SqliteExtendedErrorCode}). No space left to open the journal: free some on its disk, then start again.", error)
        : From(error, path);

    public static JournalUnavailableException ReadOnly(string path, Exception? inner = null) =>
        new(JournalFault.ReadOnly, $"{path}: {ReadOnlyWayOut}", inner);

    public static JournalUnavailableException Closed(string path, JournalUnavailableException? reason) =>
        reason is null
            ? new(JournalFault.Closed, $"{path}: the journal is closed. Open it again to go on.")
            : new(JournalFault.Closed, $"{path}: the journal closed itself. Remove the cause and restart the process. The cause: {reason.Message}", reason);

    private const string ReadOnlyWayOut =
        "The journal is read-only: make the file and its folder writable for this user, and check that the disk is not mounted read-only.";
}
