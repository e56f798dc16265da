using Npgsql;
using SyncHub.Storage.Retention;

namespace SyncHub.Storage.Postgres;

/// <summary>The queries of a journal, each one statement and so one view: whole batches only.</summary>
/// <remarks>Thread rule: any thread; each call has a connection of the pool, which prepares what comes again.</remarks>
internal sealed class PostgresReader(Database database)
{
    // A fact lies in the part of its record where both were written together; only others are looked for in all parts.
    private const string RecordColumns =
        """
        r.position, r.partition, r.stream, r.version, r.payload, r.store, r.incarnation, r.sequence, coalesce(
        (SELECT f.bytes FROM fact f WHERE f.position = r.position AND f.store = r.store AND f.incarnation = r.incarnation AND f.sequence = r.sequence),
        (SELECT f.bytes FROM fact f WHERE f.store = r.store AND f.incarnation = r.incarnation AND f.sequence = r.sequence LIMIT 1))
        """;

    // One statement for both, because a snapshot that moved between two would leave a gap between it and the tail. Facts by a function: of all parts that the statement named
    // itself it would open the indexes, and look into each for each record.
    internal const string StreamSql =
        $"""
        SELECT 0, NULL, NULL, version, payload, NULL, NULL, NULL, NULL FROM snapshot WHERE stream = $1
        UNION ALL (SELECT r.position, r.partition, r.stream, r.version, r.payload, r.store, r.incarnation, r.sequence, fact_bytes(r.position, r.store, r.incarnation, r.sequence) FROM record r
        WHERE r.stream = $1 AND r.version > coalesce((SELECT version FROM snapshot WHERE stream = $1), 0) ORDER BY r.version)
        """;

    public StoredStream Stream(StreamId stream) => Read(StreamSql, rows =>
    {
        var (version, snapshot, tail) = (0L, (byte[]?)null, new List<StoredRecord>());
        while (rows.Read())
        {
            if (rows.IsDBNull(2))
            {
                (version, snapshot) = (rows.GetInt64(3), Bytes(rows, 4));
            }
            else
            {
                tail.Add(Record(rows));
            }
        }
        tail.Sort(static (one, other) => one.Version.CompareTo(other.Version)); // UNION ALL promises no order
        return new StoredStream(version, snapshot, tail);
    }, stream.ToUuid());

    public IReadOnlyList<StoredRecord> Records(StreamId stream, long fromVersion, int limit) =>
        List($"SELECT {RecordColumns} FROM record r WHERE r.stream = $1 AND r.version >= $2 ORDER BY r.version LIMIT $3", Record, stream.ToUuid(), fromVersion, (long)limit);

    public IReadOnlyList<StoredRecord> Feed(long position, int limit) =>
        List($"SELECT {RecordColumns} FROM record r WHERE r.position > $1 ORDER BY r.position LIMIT $2", Record, position, (long)limit);

    // Versions are contiguous, so a record is its stream's newest where the next version is missing. This walks forward and stops at the limit.
    public IReadOnlyList<StreamChange> Changes(long position, int limit) =>
        List("""
            SELECT r.stream, r.partition, r.position FROM record r WHERE r.position > $1
            AND NOT EXISTS (SELECT 1 FROM record n WHERE n.stream = r.stream AND n.version = r.version + 1 AND n.position > r.position OFFSET 0) ORDER BY r.position LIMIT $2
            """, static row => new StreamChange(row.GetGuid(0).ToStream(), row.GetInt32(1), row.GetInt64(2)), position, (long)limit);

    public IReadOnlyList<StoredFact> Facts(ProducerId producer, long fromSequence, int limit, int maxBytes) =>
        Read("SELECT sequence, hash, bytes FROM fact WHERE store = $1 AND incarnation = $2 AND sequence >= $3 ORDER BY sequence LIMIT $4", rows =>
        {
            var facts = new List<StoredFact>();
            long bytes = 0;
            while (rows.Read())
            {
                var fact = Fact(rows, producer);
                bytes += fact.Bytes.Length;
                if (facts.Count > 0 && bytes > maxBytes)
                {
                    break;
                }
                facts.Add(fact);
            }
            return (IReadOnlyList<StoredFact>)facts;
        }, producer.Store, producer.Incarnation, fromSequence, (long)limit);

    public IReadOnlyList<StoredFact> NewestFacts(ProducerId producer, int limit) =>
        List("SELECT sequence, hash, bytes FROM fact WHERE store = $1 AND incarnation = $2 ORDER BY sequence DESC LIMIT $3", row => Fact(row, producer), producer.Store, producer.Incarnation, (long)limit);

    public StoredCursor? Cursor(string name, ProducerId producer) =>
        Read("SELECT sequence, hash FROM cursor WHERE name = $1 AND store = $2 AND incarnation = $3",
            static rows => rows.Read() ? (StoredCursor?)new StoredCursor(rows.GetInt64(0), Bytes(rows, 1)) : null, name, producer.Store, producer.Incarnation);

    public byte[]? Document(string collection, byte[] key) =>
        Read("SELECT value FROM document WHERE collection = $1 AND key = $2", static rows => rows.Read() ? Bytes(rows, 0) : null, collection, key);

    public IReadOnlyList<StoredDocument> Documents(string collection, byte[] keyPrefix, byte[] afterKey, int limit)
    {
        // Three bounds that the primary key can walk: after the last key seen, from the prefix on, before the first key past the prefix.
        var end = KeyRange.EndOf(keyPrefix);
        var sql = "SELECT key, value FROM document WHERE collection = $1 AND key >= $2"
            + (afterKey.Length == 0 ? " AND $3::bytea IS NOT NULL" : " AND key > $3")
            + (end is null ? " AND $4::bytea IS NOT NULL" : " AND key < $4")
            + " ORDER BY key LIMIT $5";
        return List(sql, static row => new StoredDocument(Bytes(row, 0), Bytes(row, 1)), collection, keyPrefix, afterKey, end ?? [], (long)limit);
    }

    public long CountDocuments(string collection) =>
        Read("SELECT count(*) FROM document WHERE collection = $1", static rows => rows.Read() ? rows.GetInt64(0) : 0, collection);

    public IReadOnlyList<StoredBalance> Balances()
    {
        // numeric: the sum of many 64-bit numbers. It must fit one again, or the books are beyond what the product counts in.
        return List("SELECT account, asset, sum(amount)::bigint FROM balance GROUP BY account, asset ORDER BY account, asset",
            static row => new StoredBalance(row.GetString(0), row.GetString(1), row.GetInt64(2)));
    }

    /// <summary>The newest version of a stream among the parts that have left, or an older one where there are newer records here; 0 for none.</summary>
    public long VersionLeft(StreamId stream) => Read("SELECT version FROM stream_head WHERE stream = $1", static rows => rows.Read() ? rows.GetInt64(0) : 0, stream.ToUuid());

    /// <summary>Which of some streams have a record here after a position.</summary>
    public HashSet<StreamId> ChangedSince(long position, StreamId[] streams) => streams.Length == 0 ? []
        : [.. List("SELECT n.stream FROM unnest($1::uuid[]) AS n (stream) WHERE EXISTS (SELECT 1 FROM record r WHERE r.stream = n.stream AND r.position > $2)", static row => row.GetGuid(0).ToStream(), streams.Select(stream => stream.ToUuid()).ToArray(), position)];

    /// <summary>The parts that have left, oldest first.</summary>
    public IReadOnlyList<JournalPart> PartsLeft() =>
        List("SELECT number, first, last, file, sha256 FROM journal_part WHERE left_at IS NOT NULL ORDER BY number",
            static row => new JournalPart(row.GetInt32(0), row.GetInt64(1), row.GetInt64(2), row.GetString(3), Bytes(row, 4)));

    /// <summary>The head of the feed, whichever process moved it.</summary>
    public long Position() => Read("SELECT position FROM feed", static rows => rows.Read() ? rows.GetInt64(0) : 0);

    private List<T> List<T>(string sql, Func<NpgsqlDataReader, T> row, params object[] parameters) => Read(sql, rows =>
    {
        var list = new List<T>();
        while (rows.Read())
        {
            list.Add(row(rows));
        }
        return list;
    }, parameters);

    private T Read<T>(string sql, Func<NpgsqlDataReader, T> read, params object[] parameters) => database.Retry(connection =>
    {
        using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }
        using var rows = command.ExecuteReader();
        return read(rows);
    });

    private static StoredFact Fact(NpgsqlDataReader row, ProducerId producer) => new(producer, row.GetInt64(0), Bytes(row, 1), Bytes(row, 2));

    private static StoredRecord Record(NpgsqlDataReader row) =>
        new(row.GetInt64(0), row.GetInt32(1), row.GetGuid(2).ToStream(), row.GetInt64(3), Bytes(row, 4),
            row.IsDBNull(5) ? null : new FactKey(new ProducerId(row.GetInt64(5), row.GetInt64(6)), row.GetInt64(7)),
            row.IsDBNull(8) ? null : Bytes(row, 8));

    private static byte[] Bytes(NpgsqlDataReader row, int column) => row.GetFieldValue<byte[]>(column);
}
