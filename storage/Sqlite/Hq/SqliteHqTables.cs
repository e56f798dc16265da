using Microsoft.Data.Sqlite;
using SyncHub.Storage.Hq;
using SyncHub.Storage.Schema;
using SyncHub.Storage.Sqlite.Schema;

namespace SyncHub.Storage.Sqlite.Hq;

/// <summary>The tables of HQ in a file of their own beside the journal: whoever reads or writes them never waits for its writer, nor it for them.</summary>
/// <remarks>Nothing in the file is the truth: it may be deleted while the hub is stopped, and is made anew.</remarks>
public sealed class SqliteHqTables : IHqTables
{
    private readonly SqliteConnection _connection;
    private readonly string _path;

    private SqliteHqTables(SqliteConnection connection, string path) => (_connection, _path) = (connection, path);

    /// <summary>Opens the file, or makes it.</summary>
    /// <exception cref="JournalUnavailableException">It cannot be opened, or is of a newer program.</exception>
    public static SqliteHqTables Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SqliteConnection? connection = null;
        try
        {
            connection = Connections.OpenWriter(path, new SqliteJournalOptions());
            Connections.Do(connection, "PRAGMA synchronous = NORMAL"); // a power cut may undo the newest pages, which are then made again
            Connections.Do(connection, "PRAGMA wal_autocheckpoint = 1000");
            Migrator.BringUpToDate(connection, path, Migration.SqliteHq);
            return new SqliteHqTables(connection, path);
        }
        catch (SqliteException fault)
        {
            connection?.Dispose();
            throw SqliteFaults.From(fault, path);
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public long ReadPosition() => Guarded(() =>
    {
        using var statement = new Statement(_connection, "SELECT position FROM hq_position");
        return statement.First(static row => row.Integer(0));
    });

    /// <inheritdoc/>
    public bool TryWrite(HqPage page) => Guarded(() => InTransaction(() =>
    {
        using var move = new Statement(_connection, "UPDATE hq_position SET position = ?2 WHERE position = ?1 RETURNING 1");
        if (move.Bind(page.From).Bind(page.To).Rows(static row => row.Integer(0)).Count == 0)
        {
            return false;
        }

        foreach (var table in HqSchema.PerMember)
        {
            using var delete = new Statement(_connection, $"DELETE FROM {table} WHERE member = ?1");
            page.Replaced.ForEach(member => delete.Bind(member).Run());
        }

        Add(HqSchema.Members, page.Members);
        Add(HqSchema.Wallets, page.Wallets);
        Add(HqSchema.Lots, page.Lots);
        Add(HqSchema.RightLines, page.RightLines);
        Add(HqSchema.Ops, page.Ops);
        Add(HqSchema.Postings, page.Postings);
        Add(HqSchema.Cases, page.Cases);
        return true;
    }));

    /// <inheritdoc/>
    public void Clear() => Guarded(() => InTransaction(() =>
    {
        foreach (var table in HqSchema.Names)
        {
            Connections.Do(_connection, $"DELETE FROM {table}");
        }

        Connections.Do(_connection, "UPDATE hq_position SET position = 0");
        return true;
    }));

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private void Add<T>(HqTable<T> table, List<T> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }

        using var insert = new Statement(_connection,
            $"INSERT OR REPLACE INTO {table.Name} ({string.Join(", ", table.Columns.Select(column => column.Name))}) VALUES ({string.Join(", ", table.Columns.Select((_, place) => $"?{place + 1}"))})");
        foreach (var row in rows)
        {
            foreach (var column in table.Columns)
            {
                _ = column.Value(row) switch
                {
                    null => insert.BindNull(),
                    StreamId id => insert.Bind(id),
                    long number => insert.Bind(number),
                    bool flag => insert.Bind(flag ? 1 : 0),
                    string text => insert.Bind(text),
                    var other => throw new InvalidOperationException($"{table.Name}.{column.Name} is a {other.GetType().Name}."),
                };
            }

            insert.Run();
        }
    }

    private bool InTransaction(Func<bool> work)
    {
        Connections.Do(_connection, "BEGIN IMMEDIATE");
        var isDone = false;
        try
        {
            isDone = work();
            Connections.Do(_connection, isDone ? "COMMIT" : "ROLLBACK");
            return isDone;
        }
        catch
        {
            if (SQLitePCL.raw.sqlite3_get_autocommit(_connection.Handle!) == 0)
            {
                Connections.Do(_connection, "ROLLBACK");
            }

            throw;
        }
    }

    private T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException fault)
        {
            throw SqliteFaults.From(fault, _path);
        }
    }
}
