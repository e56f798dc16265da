using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SyncHub.Storage.Sqlite;

/// <summary>Writes the rows of one batch inside the transaction that its owner has opened.</summary>
/// <remarks>Thread rule: whoever has the turn to write. It throws at the first row that does not fit; the owner rolls back to before the batch.</remarks>
internal sealed class BatchWriter : IDisposable
{
    private readonly sqlite3 _db;
    private readonly Statement _fact, _head, _record, _snapshot, _cursor, _cursorHash, _get, _put, _putIfAbsent, _delete, _balance;

    public BatchWriter(SqliteConnection connection)
    {
        _db = connection.Handle!;
        _fact = new(connection, "INSERT INTO fact (store, incarnation, sequence, hash, bytes) VALUES (?1, ?2, ?3, ?4, ?5)");
        _head = new(connection, "SELECT version FROM record WHERE stream = ?1 ORDER BY version DESC LIMIT 1");
        _record = new(connection, "INSERT INTO record (partition, stream, version, payload, store, incarnation, sequence) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        _snapshot = new(connection,
            """
            INSERT INTO snapshot (stream, version, payload) VALUES (?1, ?2, ?3)
            ON CONFLICT (stream) DO UPDATE SET version = excluded.version, payload = excluded.payload WHERE excluded.version > version
            """);
        _cursor = new(connection,
            """
            INSERT INTO cursor (name, store, incarnation, sequence, hash) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (name, store, incarnation) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash WHERE excluded.sequence > sequence
            """);
        _cursorHash = new(connection, "SELECT hash FROM cursor WHERE name = ?1 AND store = ?2 AND incarnation = ?3 AND sequence = ?4");
        _get = new(connection, "SELECT value FROM document WHERE collection = ?1 AND key = ?2");
        _put = new(connection, "REPLACE INTO document (collection, key, value) VALUES (?1, ?2, ?3)"); // one search of the tree; an upsert makes two
        _putIfAbsent = new(connection, "INSERT INTO document (collection, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (collection, key) DO NOTHING");
        _delete = new(connection, "DELETE FROM document WHERE collection = ?1 AND key = ?2");
        _balance = new(connection,
            """
            INSERT INTO balance (account, asset, partition, amount) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (account, asset, partition) DO UPDATE SET amount = amount + excluded.amount
            """);
    }

    /// <summary>Writes <paramref name="batch"/>.</summary>
    /// <returns>The position of its newest record, or <paramref name="position"/> where it has none.</returns>
    public long Write(JournalBatch batch, long position)
    {
        foreach (var fact in batch.Facts)
        {
            Write(fact);
        }
        foreach (var record in batch.Records)
        {
            position = Write(record);
        }
        foreach (var snapshot in batch.Snapshots)
        {
            Write(snapshot);
        }
        foreach (var move in batch.Cursors)
        {
            Write(move);
        }
        foreach (var write in batch.Documents)
        {
            Write(write);
        }
        foreach (var change in batch.Balances)
        {
            Write(change);
        }
        return position;
    }

    public void Dispose()
    {
        foreach (var statement in (ReadOnlySpan<Statement>)[_fact, _head, _record, _snapshot, _cursor, _cursorHash, _get, _put, _putIfAbsent, _delete, _balance])
        {
            statement.Dispose();
        }
    }

    private void Write(NewFact fact)
    {
        try
        {
            _fact.Bind(fact.Producer).Bind(fact.Sequence).Bind(fact.Hash.Span).Bind(fact.Bytes.Span).Run();
        }
        catch (SqliteException error) when (error.SqliteErrorCode == raw.SQLITE_CONSTRAINT)
        {
            throw new JournalConflictException($"Fact {fact.Sequence} of {fact.Producer} is in the journal already: read its producer's cursor again.");
        }
    }

    private long Write(NewRecord record)
    {
        var head = Head(record.Stream);
        if (record.Version != head + 1)
        {
            throw new JournalConflictException(
                $"Version {record.Version} of stream {record.Stream.Value:x32} is not the next one: its newest is {head}. Read the stream again before deciding.");
        }
        _record.Bind(record.Partition).Bind(record.Stream).Bind(record.Version).Bind(record.Payload.Span);
        if (record.Fact is { } fact)
        {
            _record.Bind(fact.Producer).Bind(fact.Sequence).Run();
        }
        else
        {
            _record.BindNull().BindNull().BindNull().Run();
        }
        return raw.sqlite3_last_insert_rowid(_db);
    }

    // A snapshot of records that are not there would hide them from every later replay.
    private void Write(NewSnapshot snapshot)
    {
        var head = Head(snapshot.Stream);
        if (snapshot.Version > head)
        {
            throw new JournalConflictException(
                $"A snapshot of stream {snapshot.Stream.Value:x32} at version {snapshot.Version} is ahead of its newest record {head}. Append the records first, or in the same batch.");
        }
        _snapshot.Bind(snapshot.Stream).Bind(snapshot.Version).Bind(snapshot.Payload.Span).Run();
    }

    private void Write(CursorMove move)
    {
        _cursor.Bind(move.Name).Bind(move.Producer).Bind(move.Sequence).Bind(move.Hash.Span).Run();
        if (raw.sqlite3_changes(_db) > 0)
        {
            return;
        }
        // It did not move: at or behind its place. The same place with another hash is a history that forked.
        var hash = _cursorHash.Bind(move.Name).Bind(move.Producer).Bind(move.Sequence).First(static row => row.Blob(0));
        if (hash is not null && !move.Hash.Span.SequenceEqual(hash))
        {
            throw new JournalConflictException(
                $"Cursor {move.Name} of {move.Producer} stands at sequence {move.Sequence} with another hash: that producer has two histories.");
        }
    }

    private void Write(DocumentWrite write)
    {
        if (write.Expected is { } expected && !(_get.Bind(write.Collection).Bind(write.Key).First(static row => row.Blob(0)) ?? []).AsSpan().SequenceEqual(expected.Span))
        {
            throw BatchRules.DocumentConflict(write);
        }
        if (write.Value is null)
        {
            // Deleting only what is absent deletes nothing.
            if (!write.OnlyIfAbsent)
            {
                _delete.Bind(write.Collection).Bind(write.Key).Run();
            }
            return;
        }
        (write.OnlyIfAbsent ? _putIfAbsent : _put).Bind(write.Collection).Bind(write.Key).Bind(write.Value).Run();
    }

    private void Write(BalanceChange change)
    {
        try
        {
            _balance.Bind(change.Account).Bind(change.Asset).Bind(change.Partition).Bind(change.DeltaMinor).Run();
        }
        catch (SqliteException error) when (error.SqliteExtendedErrorCode == SqliteFaults.ConstraintDatatype)
        {
            throw new OverflowException($"The balance of account {change.Account} in {change.Asset} would no longer fit 64 bits.", error);
        }
    }

    private long Head(StreamId stream) => _head.Bind(stream).First(static row => row.Integer(0));
}
