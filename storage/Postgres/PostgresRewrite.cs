using Npgsql;
using SyncHub.Storage.Retention;
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
    private readonly KeyRing _ring;
    private readonly byte _newest;
    private long _number;

    private PostgresRewrite(WriterSession session, KeyRing ring)
    {
        _session = session;
        _sealer = new Sealer(ring);
        _ring = ring;
        _newest = ring.Newest;
        _number = session.Commits;
    }

    /// <summary>Rewrites what is not sealed with the newest key.</summary>
    /// <param name="connectionString">Of the database.</param>
    /// <param name="options">As the hub's.</param>
    /// <param name="ring">The keys.</param>
    /// <param name="partsFolder">Where the parts are that have left; empty: their files keep their keys.</param>
    /// <param name="cancellation">Ends it between two pages, or two files.</param>
    /// <returns>How many values were rewritten, and how many parts of the journal lie in files that keep their keys.</returns>
    /// <exception cref="ArgumentException">The connection string or an option is wrong.</exception>
    /// <exception cref="JournalUnavailableException">A hub runs or took over, the database is out of reach, or a value does not open. What was rewritten stays so.</exception>
    public static async Task<(long Values, long PartsInFiles)> RunAsync(string connectionString, PostgresJournalOptions options, KeyRing ring, string partsFolder = "", CancellationToken cancellation = default)
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

                var parts = await rewrite.ReadPartsAsync(cancellation).ConfigureAwait(false);
                if (partsFolder.Length == 0)
                {
                    return (rewritten, parts.Count);
                }

                foreach (var part in parts)
                {
                    rewritten += await rewrite.RewriteAsync(Path.GetFullPath(partsFolder), part, cancellation).ConfigureAwait(false);
                }

                return (rewritten, 0);
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

    private async Task<List<JournalPart>> ReadPartsAsync(CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT number, first, last, file, sha256 FROM journal_part WHERE file IS NOT NULL ORDER BY number", _session.Connection);
        await using var rows = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var parts = new List<JournalPart>();
        while (await rows.ReadAsync(cancellation).ConfigureAwait(false))
        {
            parts.Add(new JournalPart(rows.GetInt32(0), rows.GetInt64(1), rows.GetInt64(2), rows.GetString(3), rows.GetFieldValue<byte[]>(4)));
        }

        return parts;
    }

    // The newer file is there and synced before the database names it, and the older one goes after that.
    private async Task<long> RewriteAsync(string folder, JournalPart part, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var (values, newer) = PartRewrite.Run(folder, part, _ring);
        if (values > 0)
        {
            await using var transaction = await _session.Connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
            await _session.BeginCommitAsync(_session.Connection, ++_number, []).ConfigureAwait(false);
            await using var named = new NpgsqlCommand("UPDATE journal_part SET file = $2, sha256 = $3 WHERE number = $1", _session.Connection) { Parameters = { new() { Value = newer.Number }, new() { Value = newer.File }, new() { Value = newer.Sha256 } } };
            await named.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
            await transaction.CommitAsync(cancellation).ConfigureAwait(false);
            File.Delete(Path.Combine(folder, part.File));
        }

        return values;
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
