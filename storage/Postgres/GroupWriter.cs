using Npgsql;

namespace SyncHub.Storage.Postgres;

/// <summary>One commit in one round trip: all statements leave together, the database runs them as one transaction and answers once.</summary>
/// <remarks>Each statement takes whole columns as arrays, so that its text and plan are the same for one row and for ten thousand.</remarks>
internal static class GroupWriter
{
    // A fact lies in the part of its record, so that reading both together looks into one part.
    private const string Facts =
        """
        INSERT INTO fact (store, incarnation, sequence, hash, bytes, position)
        SELECT n.store, n.incarnation, n.sequence, n.hash, n.bytes, (SELECT position FROM feed) - $1 + n.place
        FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bigint[]) AS n (store, incarnation, sequence, hash, bytes, place)
        """;

    // Few producers have anything ahead, and only while it is ahead of what comes.
    private const string Summed =
        """
        SELECT refuse('SH001', 'a fact is in the journal already') FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (store, incarnation, low)
        JOIN fact_head h ON h.store = n.store AND h.incarnation = n.incarnation
        WHERE n.low <= h.upto OR (n.low <= h.ahead_to AND EXISTS (SELECT 1 FROM unnest($4::bigint[], $5::bigint[], $6::bigint[]) AS o (store, incarnation, sequence)
        JOIN fact_ahead a ON a.store = o.store AND a.incarnation = o.incarnation AND a.sequence = o.sequence WHERE o.store = n.store AND o.incarnation = n.incarnation))
        """;

    private const string Records =
        """
        INSERT INTO record (position, partition, stream, version, payload, store, incarnation, sequence)
        SELECT (SELECT position FROM feed) - $1 + n.place, n.partition, n.stream, n.version, n.payload, n.store, n.incarnation, n.sequence
        FROM unnest($2::integer[], $3::uuid[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[], $8::bigint[])
        WITH ORDINALITY AS n (partition, stream, version, payload, store, incarnation, sequence, place)
        """;

    private const string Snapshots =
        """
        INSERT INTO snapshot (stream, version, payload) SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bytea[])
        ON CONFLICT (stream) DO UPDATE SET version = excluded.version, payload = excluded.payload WHERE excluded.version > snapshot.version
        """;

    private const string Moves =
        """
        SELECT refuse('SH001', 'a cursor stands there with another hash')
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[]) AS n (name, store, incarnation, sequence, hash)
        JOIN cursor c ON c.name = n.name AND c.store = n.store AND c.incarnation = n.incarnation AND c.sequence = n.sequence WHERE c.hash <> n.hash
        """;

    private const string Cursors =
        """
        INSERT INTO cursor (name, store, incarnation, sequence, hash) SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[])
        ON CONFLICT (name, store, incarnation) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash WHERE excluded.sequence > cursor.sequence
        """;

    private const string Expected =
        """
        SELECT refuse('SH001', 'a document is not what its writer last saw') FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS n (collection, key, expected)
        WHERE n.expected <> coalesce((SELECT d.value FROM document d WHERE d.collection = n.collection AND d.key = n.key), '')
        """;

    private const string Puts =
        """
        INSERT INTO document (collection, key, value) SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[])
        ON CONFLICT (collection, key) DO UPDATE SET value = excluded.value
        """;

    private const string PutsIfAbsent =
        "INSERT INTO document (collection, key, value) SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[]) ON CONFLICT (collection, key) DO NOTHING";

    private const string Deletes =
        "DELETE FROM document d USING unnest($1::text[], $2::bytea[]) AS n (collection, key) WHERE d.collection = n.collection AND d.key = n.key";

    private const string Balances =
        """
        INSERT INTO balance (account, asset, partition, amount) SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[])
        ON CONFLICT (account, asset, partition) DO UPDATE SET amount = balance.amount + excluded.amount
        """;

    /// <summary>Writes the group and commits. The thread waits at the socket.</summary>
    /// <returns>The position of its newest record, or the journal's newest where it has none.</returns>
    public static long Commit(NpgsqlConnection connection, WriterSession session, Parts parts, KnownHeads known, long number, Group group)
    {
        using var batch = BatchOf(connection, session, parts, known, number, group);
        // To the very end: only the last answer says that the transaction is committed.
        using var answers = batch.ExecuteReader();
        answers.Read();
        var position = answers.GetInt64(0) + group.Records.Count;
        while (answers.NextResult())
        {
        }
        return position;
    }

    private static NpgsqlBatch BatchOf(NpgsqlConnection connection, WriterSession session, Parts parts, KnownHeads known, long number, Group group)
    {
        var batch = new NpgsqlBatch(connection);
        var writesRows = group.Facts.Count + group.Records.Count + group.Unbacked.Count > 0;
        // A commit that goes on in the next part looks for all heads: what is known here, that part's key does not know.
        var heads = parts.Within(group.Position, group.Records.Count) ? [.. group.Heads.Where(head => !known.Has(head.Stream, head.First - 1))] : group.Heads.ToArray();
        batch.BatchCommands.Add(session.BeginCommit(number, group.Records.Count, group.Partitions, writesRows ? parts.Bounds(within: heads.Length < group.Streams ? group.Records.Count : 0) : null));
        AddStreams(batch, parts, group, heads);
        AddCursors(batch, group);
        AddDocuments(batch, group.Documents);
        if (group.Balances.Count > 0)
        {
            Add(batch, Balances, group.Balances.Keys.Select(key => key.Account).ToArray(), group.Balances.Keys.Select(key => key.Asset).ToArray(),
                group.Balances.Keys.Select(key => key.Partition).ToArray(), group.Balances.Values.ToArray());
        }
        return batch;
    }

    private static string Heads(Parts parts) =>
        $"""
        SELECT refuse('SH001', 'a version is not the next one') FROM unnest($1::uuid[], $2::bigint[]) AS n (stream, first)
        WHERE n.first - 1 <> coalesce({parts.NewestVersion}, 0)
        """;

    private static string Unbacked(Parts parts) =>
        $"""
        SELECT refuse('SH001', 'a snapshot is ahead of its records') FROM unnest($1::uuid[], $2::bigint[]) AS n (stream, version)
        WHERE n.version > coalesce({parts.NewestVersion}, 0)
        """;

    private static void AddStreams(NpgsqlBatch batch, Parts parts, Group group, (StreamId Stream, long First)[] heads)
    {
        var (facts, records) = (group.Facts, group.Records);
        if (facts.Count > 0)
        {
            AddFactFences(batch, parts, group);
            Add(batch, Facts, (long)records.Count, Column(facts, fact => fact.Producer.Store), Column(facts, fact => fact.Producer.Incarnation), Column(facts, fact => fact.Sequence),
                Column(facts, fact => fact.Hash), Column(facts, fact => fact.Bytes), group.PlacesOfFacts());
        }
        if (group.Unbacked.Count > 0)
        {
            Add(batch, Unbacked(parts), Column(group.Unbacked, snapshot => snapshot.Stream.ToUuid()), Column(group.Unbacked, snapshot => snapshot.Version));
        }
        if (records.Count > 0)
        {
            if (heads.Length > 0)
            {
                Add(batch, Heads(parts), Column(heads, head => head.Stream.ToUuid()), Column(heads, head => head.First));
            }
            Add(batch, Records, (long)records.Count, Column(records, record => record.Partition), Column(records, record => record.Stream.ToUuid()),
                Column(records, record => record.Version), Column(records, record => record.Payload), Column(records, record => record.Fact?.Producer.Store),
                Column(records, record => record.Fact?.Producer.Incarnation), Column(records, record => record.Fact?.Sequence));
        }
        if (group.Snapshots.Count > 0)
        {
            var snapshots = group.Snapshots.ToArray();
            Add(batch, Snapshots, Column(snapshots, snapshot => snapshot.Stream.ToUuid()), Column(snapshots, snapshot => snapshot.Version), Column(snapshots, snapshot => snapshot.Payload));
        }
    }

    // A fact is taken once, in whatever part it was: the key of its own part tells, full parts are summed up by producer, and only those that are not yet are looked into.
    private static void AddFactFences(NpgsqlBatch batch, Parts parts, Group group)
    {
        foreach (var range in parts.FactRanges(group.Position, group.Records.Count))
        {
            Add(batch, $"SELECT refuse('SH001', 'a fact is in the journal already') FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (store, incarnation, sequence) JOIN fact f ON f.store = n.store AND f.incarnation = n.incarnation AND f.sequence = n.sequence AND {range}",
                Column(group.Facts, fact => fact.Producer.Store), Column(group.Facts, fact => fact.Producer.Incarnation), Column(group.Facts, fact => fact.Sequence));
        }
        if (parts.HasSums)
        {
            var lows = group.LowestFacts().ToArray();
            Add(batch, Summed, Column(lows, low => low.Producer.Store), Column(lows, low => low.Producer.Incarnation), Column(lows, low => low.Sequence),
                Column(group.Facts, fact => fact.Producer.Store), Column(group.Facts, fact => fact.Producer.Incarnation), Column(group.Facts, fact => fact.Sequence));
        }
    }

    private static void AddCursors(NpgsqlBatch batch, Group group)
    {
        if (group.AllMoves.Count > 0)
        {
            AddMoves(batch, Moves, group.AllMoves);
            AddMoves(batch, Cursors, [.. group.Cursors]);
        }
    }

    private static void AddMoves(NpgsqlBatch batch, string sql, IReadOnlyList<CursorMove> moves) =>
        Add(batch, sql, Column(moves, move => move.Name), Column(moves, move => move.Producer.Store), Column(moves, move => move.Producer.Incarnation),
            Column(moves, move => move.Sequence), Column(moves, move => move.Hash));

    private static void AddDocuments(NpgsqlBatch batch, List<DocumentWrite> writes)
    {
        var fenced = writes.FindAll(write => write.Expected is not null);
        if (fenced.Count > 0)
        {
            Add(batch, Expected, Column(fenced, write => write.Collection), Column(fenced, write => write.Key), Column(fenced, write => write.Expected!.Value));
        }
        AddPuts(batch, Puts, writes.FindAll(write => write is { Value: not null, OnlyIfAbsent: false }));
        AddPuts(batch, PutsIfAbsent, writes.FindAll(write => write is { Value: not null, OnlyIfAbsent: true }));
        var deletes = writes.FindAll(write => write is { Value: null, OnlyIfAbsent: false });
        if (deletes.Count > 0)
        {
            Add(batch, Deletes, Column(deletes, write => write.Collection), Column(deletes, write => write.Key));
        }
    }

    private static void AddPuts(NpgsqlBatch batch, string sql, List<DocumentWrite> writes)
    {
        if (writes.Count > 0)
        {
            Add(batch, sql, Column(writes, write => write.Collection), Column(writes, write => write.Key), Column(writes, write => write.Value!));
        }
    }

    private static T[] Column<TRow, T>(IReadOnlyList<TRow> rows, Func<TRow, T> value)
    {
        var column = new T[rows.Count];
        for (var row = 0; row < column.Length; row++)
        {
            column[row] = value(rows[row]);
        }
        return column;
    }

    private static void Add(NpgsqlBatch batch, string sql, params object[] columns)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var column in columns)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = column });
        }
        batch.BatchCommands.Add(command);
    }
}
