using Npgsql;
using SyncHub.Storage.Hq;

namespace SyncHub.Storage.Postgres.Hq;

/// <summary>The tables of HQ in the journal's own database and schema.</summary>
/// <remarks>A page is one transaction in one round trip, on a connection of the pool: it never takes the lock of the feed's head. It does not wait for the disk.</remarks>
public sealed class PostgresHqTables : IHqTables
{
    private readonly Database _database;
    private readonly bool _isOwner;

    internal PostgresHqTables(Database database, bool isOwner = false) => (_database, _isOwner) = (database, isOwner);

    /// <summary>The tables without the journal, for a command; whoever leads goes on meanwhile.</summary>
    /// <exception cref="ArgumentException">The connection string is wrong.</exception>
    public static PostgresHqTables Open(string connectionString) => new(new Database(connectionString, new PostgresJournalOptions { Readers = 1 }), isOwner: true);

    /// <inheritdoc/>
    public long ReadPosition() => _database.Retry(static connection =>
    {
        using var command = new NpgsqlCommand("SELECT position FROM hq_position", connection);
        return (long)command.ExecuteScalar()!;
    });

    /// <inheritdoc/>
    public bool TryWrite(HqPage page)
    {
        try
        {
            return _database.Retry(connection => Write(connection, page));
        }
        catch (JournalConflictException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Clear() => _database.Retry(static connection =>
    {
        using var batch = new NpgsqlBatch(connection);
        // The position first: whoever writes a page holds it, and finds it moved.
        batch.BatchCommands.Add(new NpgsqlBatchCommand("UPDATE hq_position SET position = 0"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand($"TRUNCATE {string.Join(", ", HqSchema.Names)}"));
        return batch.ExecuteNonQuery();
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isOwner)
        {
            _database.Dispose();
        }
    }

    private static bool Write(NpgsqlConnection connection, HqPage page)
    {
        using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT set_config('synchronous_commit', 'off', true)"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            WITH moved AS (UPDATE hq_position SET position = $2 WHERE position = $1 RETURNING 1)
            SELECT refuse('SH001', 'the tables of HQ are at another position') WHERE NOT EXISTS (SELECT 1 FROM moved)
            """)
        { Parameters = { new() { Value = page.From }, new() { Value = page.To } } });
        if (page.Replaced.Count > 0)
        {
            var members = page.Replaced.ConvertAll(member => member.ToUuid()).ToArray();
            foreach (var table in HqSchema.PerMember)
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand($"DELETE FROM {table} WHERE member = ANY ($1)") { Parameters = { new() { Value = members } } });
            }
        }

        Add(batch, HqSchema.Members, page.Members);
        Add(batch, HqSchema.Wallets, page.Wallets);
        Add(batch, HqSchema.Lots, page.Lots);
        Add(batch, HqSchema.RightLines, page.RightLines);
        Add(batch, HqSchema.Ops, page.Ops);
        Add(batch, HqSchema.Postings, page.Postings);
        Add(batch, HqSchema.Cases, page.Cases);
        try
        {
            batch.ExecuteNonQuery();
            return true;
        }
        catch (PostgresException refused) when (refused.SqlState == "SH001")
        {
            throw new JournalConflictException(refused.MessageText);
        }
    }

    private static void Add<T>(NpgsqlBatch batch, HqTable<T> table, List<T> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }

        var types = table.Columns.Select((column, place) => $"${place + 1}::{TypeOf(column.Type)}[]");
        var others = table.Columns.Skip(table.Keys).Select(column => $"{column.Name} = excluded.{column.Name}");
        var command = new NpgsqlBatchCommand(
            $"""
            INSERT INTO {table.Name} ({string.Join(", ", table.Columns.Select(column => column.Name))}) SELECT * FROM unnest({string.Join(", ", types)})
            ON CONFLICT ({string.Join(", ", table.Columns.Take(table.Keys).Select(column => column.Name))}) DO UPDATE SET {string.Join(", ", others)}
            """);
        foreach (var column in table.Columns)
        {
            command.Parameters.Add(new() { Value = ArrayOf(column, rows) });
        }

        batch.BatchCommands.Add(command);
    }

    private static string TypeOf(HqType type) => type switch
    {
        HqType.Id => "uuid",
        HqType.Integer => "bigint",
        HqType.Flag => "boolean",
        _ => "text",
    };

    private static Array ArrayOf<T>(HqColumn<T> column, List<T> rows) => column.Type switch
    {
        HqType.Id => rows.ConvertAll(row => (column.Value(row) as StreamId?)?.ToUuid()).ToArray(),
        HqType.Integer => rows.ConvertAll(row => (long?)column.Value(row)).ToArray(),
        HqType.Flag => rows.ConvertAll(row => (bool)column.Value(row)!).ToArray(),
        _ => rows.ConvertAll(row => (string)column.Value(row)!).ToArray(),
    };
}
