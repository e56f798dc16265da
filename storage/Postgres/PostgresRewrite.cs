using Npgsql;
using SyncHub.Storage.Sealing;

namespace SyncHub.Storage.Postgres;

/// <summary>Seals every value of a journal in a database anew with the newest key of its ring, so that the older keys can be dropped.</summary>
/// <remarks>
/// It is the writer while it works, fenced like any other: no hub may run, and whoever takes its place ends it. A few hundred values a transaction; interrupted, it is
/// simply run again: each value says which key it needs. As in a file (<see cref="Sqlite.JournalRewrite"/>) it changes only how values are sealed, and one that does not open stops it.
/// </remarks>
public sealed class PostgresRewrite
{
    private const int Page = 500;

    private static readonly Table[] Tables =
    [
        new("record", "payload", ["stream", "version"], row => Place.OfRecord(((Guid)row[0]).ToStream(), (long)row[1]), "position"),
        new("fact", "bytes", ["store", "incarnation", "sequence"], row => Place.OfFact(new ProducerId((long)row[0], (long)row[1]), (long)row[2]), "position"),
        new("snapshot", "payload", ["stream"], row => Place.OfSnapshot(((Guid)row[0]).ToStream(), (long)row[1]), "version"),
        new("document", "value", ["collection", "key"], row => Place.OfDocument((string)row[0], (byte[])row[1]), "0::bigint"),
    ];

    private readonly WriterSession _session;
    private readonly Sealer _sealer;
    private readonly byte _newest;
    private long _number;

    private PostgresRewrite(WriterSession session, KeyRing ring)
    {
        _session = session;
        _sealer = new Sealer(ring);
        _newest = ring.Newest;
        _number = session.Commits;
    }

    /// <summary>Rewrites what is not sealed with the newest key.</summary>
    /// <returns>How many values were rewritten, and how many parts of the journal lie in files that keep their keys.</returns>
    /// <exception cref="ArgumentException">The connection string or an option is wrong.</exception>
    /// <exception cref="JournalUnavailableException">A hub runs or took over, the database is out of reach, or a value does not open. What was rewritten stays so.</exception>
    public static async Task<(long Values, long PartsInFiles)> RunAsync(string connectionString, PostgresJournalOptions options, KeyRing ring, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(connectionString);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(ring);
        using var database = new Database(connectionString, options);
        await PostgresJournal.PrepareAsync(database).ConfigureAwait(false);
        var session = await WriterSession.TakeAsync(database, cancellation).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            try
            {
                var rewrite = new PostgresRewrite(session, ring);
                var rewritten = 0L;
                foreach (var table in Tables)
                {
                    rewritten += await rewrite.RewriteAsync(table, cancellation).ConfigureAwait(false);
                }

                await using var parts = new NpgsqlCommand("SELECT count(*) FROM journal_part WHERE file IS NOT NULL", session.Connection);
                return (rewritten, (long)(await parts.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!);
            }
            catch (PostgresException error) when (error.SqlState is PostgresFaults.OtherSession)
            {
                throw PostgresFaults.TakenOver(database.Name, database.Options.Writer);
            }
            catch (Exception error) when (error is NpgsqlException || (PostgresFaults.IsTransient(error) && !cancellation.IsCancellationRequested))
            {
                throw PostgresFaults.From(error, database.Name);
            }
            finally
            {
                await session.LetGoAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task<long> RewriteAsync(Table table, CancellationToken cancellation)
    {
        object[] after = [];
        var rewritten = 0L;
        while (await ReadAsync(table, after, cancellation).ConfigureAwait(false) is { Count: > 0 } rows)
        {
            after = rows[^1][..table.Key.Length];
            var old = rows.FindAll(row => Sealer.KeyOf((byte[])row[^1]) != _newest && !table.IsPlain(row));
            if (old.Count > 0)
            {
                await WriteAsync(table, old, cancellation).ConfigureAwait(false);
                rewritten += old.Count;
            }
        }

        return rewritten;
    }

    private async Task<List<object[]>> ReadAsync(Table table, object[] after, CancellationToken cancellation)
    {
        var columns = string.Join(", ", table.Key);
        var from = after.Length == 0 ? "" : $"WHERE ({columns}) > ({Parameters(1, after.Length)})";
        await using var command = new NpgsqlCommand($"SELECT {columns}, {table.Extra}, {table.Value} FROM {table.Name} {from} ORDER BY {columns} LIMIT {Page}", _session.Connection);
        foreach (var value in after)
        {
            command.Parameters.Add(new() { Value = value });
        }

        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var rows = new List<object[]>();
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            var fields = new object[reader.FieldCount];
            reader.GetValues(fields);
            rows.Add(fields);
        }

        return rows;
    }

    // The proof that this process is the writer comes first and lies in the same transaction, as with any commit; so does the lifted trigger.
    private async Task WriteAsync(Table table, List<object[]> rows, CancellationToken cancellation)
    {
        await using var transaction = await _session.Connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        await _session.BeginCommitAsync(_session.Connection, ++_number, []).ConfigureAwait(false);
        await using var batch = new NpgsqlBatch(_session.Connection, transaction);
        if (table.IsInParts)
        {
            batch.BatchCommands.Add(new($"ALTER TABLE {table.Name} DISABLE TRIGGER {table.Name}_is_append_only"));
        }

        var columns = string.Join(", ", table.Key);
        foreach (var row in rows)
        {
            var place = table.PlaceOf(row);
            var command = new NpgsqlBatchCommand($"UPDATE {table.Name} SET {table.Value} = $1 WHERE ({columns}) = ({Parameters(2, table.Key.Length)})");
            command.Parameters.Add(new() { Value = _sealer.Seal(_sealer.Open((byte[])row[^1], place), place) });
            foreach (var key in row[..table.Key.Length])
            {
                command.Parameters.Add(new() { Value = key });
            }

            if (table.IsInParts)
            {
                command.CommandText += $" AND position = ${table.Key.Length + 2}"; // so that one part is looked into, not all
                command.Parameters.Add(new() { Value = row[^2] });
            }

            batch.BatchCommands.Add(command);
        }

        if (table.IsInParts)
        {
            batch.BatchCommands.Add(new($"ALTER TABLE {table.Name} ENABLE TRIGGER {table.Name}_is_append_only"));
        }

        await batch.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
    }

    private static string Parameters(int first, int count) => string.Join(", ", Enumerable.Range(first, count).Select(number => "$" + number));

    // A row: the key's columns, the extra one (which part it is in; the version of a snapshot, which is in its place and not in its key), the value.
    private sealed record Table(string Name, string Value, string[] Key, Func<object[], byte[]> PlaceOf, string Extra)
    {
        public bool IsInParts => Extra == "position";

        public bool IsPlain(object[] row) => Name == "document" && (string)row[0] == SealMark.Collection;
    }
}
