using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SyncHub.Storage.Sqlite;

/// <summary>How connections of the journal are opened and set; the only place with durability settings.</summary>
internal static class Connections
{
    // After a burst the write-ahead log is cut back to this at the next reset, so that it cannot keep a small disk full. 64 MiB.
    private const long LogLimitBytes = 64L * 1024 * 1024;

    /// <summary>The one connection that writes.</summary>
    public static SqliteConnection OpenWriter(string path, SqliteJournalOptions options)
    {
        var connection = Open(path, SqliteOpenMode.ReadWriteCreate, options.BusyTimeoutMs);
        try
        {
            if (raw.sqlite3_db_readonly(connection.Handle!, "main") == 1)
            {
                throw SqliteFaults.ReadOnly(path);
            }
            var mode = Ask(connection, "PRAGMA journal_mode = WAL");
            if (!string.Equals(mode, "wal", StringComparison.OrdinalIgnoreCase))
            {
                throw new JournalUnavailableException(JournalFault.InputOutput,
                    $"{path}: the file system does not support write-ahead logging (it answered '{mode}'). Put the journal on a local disk.");
            }
            // FULL, because NORMAL may lose acknowledged commits when the power fails: a store could then spend the same money twice.
            Do(connection, "PRAGMA synchronous = FULL");
            // Checkpoints are the writer's own step: SQLite's automatic ones would delay the acknowledgement and hide their errors.
            Do(connection, "PRAGMA wal_autocheckpoint = 0");
            Do(connection, $"PRAGMA journal_size_limit = {LogLimitBytes}");
            // Savepoints spill here; a temp file would be one more thing that can fill a disk.
            Do(connection, "PRAGMA temp_store = MEMORY");
            Bound(connection, options.WriterCacheKib);
            if (options.MaxPages is { } pages)
            {
                Do(connection, $"PRAGMA max_page_count = {pages}");
            }
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A connection that can only read. The writer is open by then, so that the log's index exists.</summary>
    public static SqliteConnection OpenReader(string path, SqliteJournalOptions options)
    {
        var connection = Open(path, SqliteOpenMode.ReadOnly, options.BusyTimeoutMs);
        try
        {
            Bound(connection, options.ReaderCacheKib);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A connection that fills a copy, without any setting of a journal.</summary>
    public static SqliteConnection OpenBare(string path) => Open(path, SqliteOpenMode.ReadWrite, busyTimeoutMs: 0);

    /// <summary>Runs a statement that is needed once.</summary>
    public static void Do(SqliteConnection connection, string sql)
    {
        using var statement = new Statement(connection, sql);
        statement.Run();
    }

    /// <summary>Asks for one value that is needed once.</summary>
    public static string Ask(SqliteConnection connection, string sql)
    {
        using var statement = new Statement(connection, sql);
        return statement.First(static row => row.Text(0)) ?? "";
    }

    private static SqliteConnection Open(string path, SqliteOpenMode mode, int busyTimeoutMs)
    {
        // Pooling would keep the file open after Dispose, and with it a lock that nobody owns.
        var settings = new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false };
        var connection = new SqliteConnection(settings.ToString());
        try
        {
            connection.Open();
            SqliteException.ThrowExceptionForRC(raw.sqlite3_busy_timeout(connection.Handle!, busyTimeoutMs), connection.Handle!);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Bound(SqliteConnection connection, int cacheKib)
    {
        Do(connection, $"PRAGMA cache_size = -{cacheKib}");
        // No memory map: an I/O error in mapped memory kills the process instead of failing one call.
        Do(connection, "PRAGMA mmap_size = 0");
        Do(connection, "PRAGMA cell_size_check = ON");
        Do(connection, "PRAGMA trusted_schema = OFF");
    }
}
