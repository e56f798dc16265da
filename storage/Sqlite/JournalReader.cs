using Microsoft.Data.Sqlite;

namespace SyncHub.Storage.Sqlite;

/// <summary>One reading connection with its prepared queries.</summary>
/// <remarks>
/// Thread rule: one call at a time; <see cref="ReaderPool"/> sees to it. Each query is one view of the file, whole batches only, and no
/// statement stays open between calls, so that a call sees everything that was committed before it.
/// </remarks>
internal sealed class JournalReader(SqliteConnection connection) : IDisposable
{
    private const string RecordColumns = "r.position, r.partition, r.stream, r.version, r.payload, r.store, r.incarnation, r.sequence, f.bytes";
    private const string RecordWithFact =
        "record r LEFT JOIN fact f ON f.store = r.store AND f.incarnation = r.incarnation AND f.sequence = r.sequence";

    private readonly Dictionary<string, Statement> _prepared = new(StringComparer.Ordinal);

    public StoredStream Stream(StreamId stream)
    {
        // Two queries without a transaction around them: records are never deleted, so that the tail after an older snapshot is just longer.
        var (version, snapshot) = Query("SELECT version, payload FROM snapshot WHERE stream = ?1")
            .Bind(stream).First(static row => (row.Integer(0), (byte[]?)row.Blob(1)));
        return new StoredStream(version, snapshot, Records(stream, version + 1, -1));
    }

    /// <summary>Records of a stream; a <paramref name="limit"/> of -1 is none.</summary>
    public IReadOnlyList<StoredRecord> Records(StreamId stream, long fromVersion, int limit) =>
        Query($"SELECT {RecordColumns} FROM {RecordWithFact} WHERE r.stream = ?1 AND r.version >= ?2 ORDER BY r.version LIMIT ?3")
            .Bind(stream).Bind(fromVersion).Bind(limit).Rows(Record);

    public IReadOnlyList<StoredRecord> Feed(long position, int limit) =>
        Query($"SELECT {RecordColumns} FROM {RecordWithFact} WHERE r.position > ?1 ORDER BY r.position LIMIT ?2").Bind(position).Bind(limit).Rows(Record);

    public IReadOnlyList<StreamChange> Changes(long position, int limit) =>
        // Versions are contiguous, so a record is its stream's newest where the next version is missing. This walks forward and stops at
        // the limit; GROUP BY stream would read everything after the position for every page.
        Query("""
            SELECT stream, partition, position FROM record r WHERE position > ?1
            AND NOT EXISTS (SELECT 1 FROM record n WHERE n.stream = r.stream AND n.version = r.version + 1) ORDER BY position LIMIT ?2
            """)
            .Bind(position).Bind(limit).Rows(static row => new StreamChange(row.Stream(0), (int)row.Integer(1), row.Integer(2)));

    public IReadOnlyList<StoredFact> Facts(ProducerId producer, long fromSequence, int limit, int maxBytes)
    {
        var query = Query("""
            SELECT sequence, hash, bytes FROM fact WHERE store = ?1 AND incarnation = ?2 AND sequence >= ?3 ORDER BY sequence LIMIT ?4
            """).Bind(producer).Bind(fromSequence).Bind(limit);
        try
        {
            var facts = new List<StoredFact>();
            long bytes = 0;
            while (query.Step())
            {
                var fact = Fact(query, producer);
                bytes += fact.Bytes.Length;
                if (facts.Count > 0 && bytes > maxBytes)
                {
                    break;
                }
                facts.Add(fact);
            }
            return facts;
        }
        finally
        {
            query.Reset();
        }
    }

    public IReadOnlyList<StoredFact> NewestFacts(ProducerId producer, int limit) =>
        Query("SELECT sequence, hash, bytes FROM fact WHERE store = ?1 AND incarnation = ?2 ORDER BY sequence DESC LIMIT ?3")
            .Bind(producer).Bind(limit).Rows(row => Fact(row, producer));

    public StoredCursor? Cursor(string name, ProducerId producer) =>
        Query("SELECT sequence, hash FROM cursor WHERE name = ?1 AND store = ?2 AND incarnation = ?3")
            .Bind(name).Bind(producer).First(static row => (StoredCursor?)new StoredCursor(row.Integer(0), row.Blob(1)));

    public byte[]? Document(string collection, byte[] key) =>
        Query("SELECT value FROM document WHERE collection = ?1 AND key = ?2").Bind(collection).Bind(key).First(static row => row.Blob(0));

    public IReadOnlyList<StoredDocument> Documents(string collection, byte[] keyPrefix, byte[] afterKey, int limit)
    {
        // Three bounds that the primary key can walk: after the last key seen, from the prefix on, before the first key past the prefix.
        var end = KeyRange.EndOf(keyPrefix);
        var isFirstPage = afterKey.Length == 0;
        var sql = "SELECT key, value FROM document WHERE collection = ?1 AND key >= ?2"
            + (isFirstPage ? " AND ?3 IS NOT NULL" : " AND key > ?3")
            + (end is null ? " AND ?4 IS NOT NULL" : " AND key < ?4")
            + " ORDER BY key LIMIT ?5";
        return Query(sql).Bind(collection).Bind(keyPrefix).Bind(afterKey).Bind(end ?? []).Bind(limit)
            .Rows(static row => new StoredDocument(row.Blob(0), row.Blob(1)));
    }

    public long CountDocuments(string collection) =>
        Query("SELECT count(*) FROM document WHERE collection = ?1").Bind(collection).First(static row => row.Integer(0));

    public IReadOnlyList<StoredBalance> Balances()
    {
        var rows = Query("SELECT account, asset, amount FROM balance ORDER BY account, asset")
            .Rows(static row => new StoredBalance(row.Text(0), row.Text(1), row.Integer(2)));
        // Summed here, because sum() in SQL answers an overflow with an error that looks like a damaged file.
        var totals = new List<StoredBalance>();
        foreach (var row in rows)
        {
            if (totals.Count > 0 && totals[^1].Account == row.Account && totals[^1].Asset == row.Asset)
            {
                totals[^1] = row with { BalanceMinor = checked(totals[^1].BalanceMinor + row.BalanceMinor) };
            }
            else
            {
                totals.Add(row);
            }
        }
        return totals;
    }

    /// <summary>In a part: whether it has records of a stream.</summary>
    public bool Has(StreamId stream) => Query("SELECT 1 FROM record WHERE stream = ?1 LIMIT 1").Bind(stream).First(static _ => true);

    /// <summary>In a part: each producer with its first and its last fact there.</summary>
    public IReadOnlyList<(ProducerId Producer, long Low, long High)> Producers() =>
        Query("SELECT store, incarnation, low, high FROM producer").Rows(static row => (new ProducerId(row.Integer(0), row.Integer(1)), row.Integer(2), row.Integer(3)));

    /// <summary>The first and the last position.</summary>
    public (long First, long Last) Ends() => Query("SELECT coalesce((SELECT min(position) FROM record), 0), coalesce((SELECT max(position) FROM record), 0)").First(static row => (row.Integer(0), row.Integer(1)));

    public void Dispose()
    {
        foreach (var statement in _prepared.Values)
        {
            statement.Dispose();
        }
        connection.Dispose();
    }

    private static StoredFact Fact(Statement row, ProducerId producer) => new(producer, row.Integer(0), row.Blob(1), row.Blob(2));

    private static StoredRecord Record(Statement row) =>
        new(row.Integer(0), (int)row.Integer(1), row.Stream(2), row.Integer(3), row.Blob(4),
            row.IsNull(5) ? null : new FactKey(new ProducerId(row.Integer(5), row.Integer(6)), row.Integer(7)),
            row.IsNull(8) ? null : row.Blob(8));

    private Statement Query(string sql)
    {
        if (!_prepared.TryGetValue(sql, out var statement))
        {
            statement = new Statement(connection, sql);
            _prepared.Add(sql, statement);
        }
        return statement;
    }
}
