using Npgsql;

namespace SyncHub.Storage.Postgres;

/// <summary>A group written row by row in one transaction, each batch behind a savepoint: what a group takes that does not go in one piece.</summary>
/// <remarks>Slow, and the only place that says which batch is to blame and why. Crash rule as for any commit: all of the group's good batches or none.</remarks>
internal sealed class ExactWriter(NpgsqlConnection connection, NpgsqlTransaction transaction)
{
    /// <summary>Writes what it can of the group, notes on each batch why it could not, and commits.</summary>
    /// <returns>The position of its newest record, or the journal's newest where it wrote none.</returns>
    public static async Task<long> CommitAsync(NpgsqlConnection connection, WriterSession session, long number, IReadOnlyList<PendingBatch> group)
    {
        await using var transaction = await connection.BeginTransactionAsync().ConfigureAwait(false);
        var writer = new ExactWriter(connection, transaction);
        var position = await session.BeginCommitAsync(connection, number, [.. group.SelectMany(pending => pending.Batch.Records).Select(record => record.Partition).Distinct()]).ConfigureAwait(false);
        foreach (var pending in group.Where(pending => !pending.Batch.IsEmpty))
        {
            pending.Failure = null;
            position = pending.IsRefused() ? position : await writer.WriteAsync(pending, position).ConfigureAwait(false);
        }
        await writer.RunAsync("UPDATE feed SET position = $1", position).ConfigureAwait(false);
        await transaction.CommitAsync().ConfigureAwait(false);
        return position;
    }

    private async Task<long> WriteAsync(PendingBatch pending, long position)
    {
        await transaction.SaveAsync("batch").ConfigureAwait(false);
        try
        {
            var newest = await WriteAsync(pending.Batch, position).ConfigureAwait(false);
            await transaction.ReleaseAsync("batch").ConfigureAwait(false);
            return newest;
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.NumericValueOutOfRange)
        {
            pending.Failure = new OverflowException("A balance would no longer fit 64 bits.", error);
        }
        catch (PostgresException error) when (PostgresFaults.BlamesTheBatch(error))
        {
            pending.Failure = new JournalConflictException($"The journal's schema refused a row: {error.MessageText}");
        }
        catch (JournalConflictException error)
        {
            pending.Failure = error;
        }
        await transaction.RollbackAsync("batch").ConfigureAwait(false);
        return position;
    }

    private async Task<long> WriteAsync(JournalBatch batch, long position)
    {
        foreach (var fact in batch.Facts)
        {
            var key = new FactKey(fact.Producer, fact.Sequence);
            var place = batch.Records.FindIndex(record => record.Fact == key);
            await WriteAsync(fact, position + (place < 0 ? batch.Records.Count : place) + 1).ConfigureAwait(false);
        }
        foreach (var record in batch.Records)
        {
            await WriteAsync(record, ++position).ConfigureAwait(false);
        }
        foreach (var snapshot in batch.Snapshots)
        {
            await WriteAsync(snapshot).ConfigureAwait(false);
        }
        foreach (var move in batch.Cursors)
        {
            await WriteAsync(move).ConfigureAwait(false);
        }
        foreach (var write in batch.Documents)
        {
            await WriteAsync(write).ConfigureAwait(false);
        }
        foreach (var change in batch.Balances)
        {
            await RunAsync(
                """
                INSERT INTO balance (account, asset, partition, amount) VALUES ($1, $2, $3, $4)
                ON CONFLICT (account, asset, partition) DO UPDATE SET amount = balance.amount + excluded.amount
                """, change.Account, change.Asset, change.Partition, change.DeltaMinor).ConfigureAwait(false);
        }
        return position;
    }

    private async Task WriteAsync(NewFact fact, long position)
    {
        var isTaken = await AskAsync("SELECT has_fact($1, $2, $3)", fact.Producer.Store, fact.Producer.Incarnation, fact.Sequence).ConfigureAwait(false) is true;
        var written = isTaken ? 0 : await RunAsync("INSERT INTO fact (store, incarnation, sequence, hash, bytes, position) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            fact.Producer.Store, fact.Producer.Incarnation, fact.Sequence, fact.Hash, fact.Bytes, position).ConfigureAwait(false);
        if (written == 0)
        {
            throw new JournalConflictException($"Fact {fact.Sequence} of {fact.Producer} is in the journal already: read its producer's cursor again.");
        }
    }

    private async Task WriteAsync(NewRecord record, long position)
    {
        var head = await HeadAsync(record.Stream).ConfigureAwait(false);
        if (record.Version != head + 1)
        {
            throw new JournalConflictException(
                $"Version {record.Version} of stream {record.Stream.Value:x32} is not the next one: its newest is {head}. Read the stream again before deciding.");
        }
        await RunAsync("INSERT INTO record (position, partition, stream, version, payload, store, incarnation, sequence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            position, record.Partition, record.Stream.ToUuid(), record.Version, record.Payload,
            OrNull(record.Fact?.Producer.Store), OrNull(record.Fact?.Producer.Incarnation), OrNull(record.Fact?.Sequence)).ConfigureAwait(false);
    }

    // A snapshot of records that are not there would hide them from every later replay.
    private async Task WriteAsync(NewSnapshot snapshot)
    {
        var head = await HeadAsync(snapshot.Stream).ConfigureAwait(false);
        if (snapshot.Version > head)
        {
            throw new JournalConflictException(
                $"A snapshot of stream {snapshot.Stream.Value:x32} at version {snapshot.Version} is ahead of its newest record {head}. Append the records first, or in the same batch.");
        }
        await RunAsync(
            """
            INSERT INTO snapshot (stream, version, payload) VALUES ($1, $2, $3)
            ON CONFLICT (stream) DO UPDATE SET version = excluded.version, payload = excluded.payload WHERE excluded.version > snapshot.version
            """, snapshot.Stream.ToUuid(), snapshot.Version, snapshot.Payload).ConfigureAwait(false);
    }

    private async Task WriteAsync(CursorMove move)
    {
        var moved = await RunAsync(
            """
            INSERT INTO cursor (name, store, incarnation, sequence, hash) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (name, store, incarnation) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash WHERE excluded.sequence > cursor.sequence
            """, move.Name, move.Producer.Store, move.Producer.Incarnation, move.Sequence, move.Hash).ConfigureAwait(false);
        if (moved > 0)
        {
            return;
        }
        // It did not move: at or behind its place. The same place with another hash is a history that forked.
        var hash = await AskAsync("SELECT hash FROM cursor WHERE name = $1 AND store = $2 AND incarnation = $3 AND sequence = $4",
            move.Name, move.Producer.Store, move.Producer.Incarnation, move.Sequence).ConfigureAwait(false) as byte[];
        if (hash is not null && !move.Hash.Span.SequenceEqual(hash))
        {
            throw new JournalConflictException(
                $"Cursor {move.Name} of {move.Producer} stands at sequence {move.Sequence} with another hash: that producer has two histories.");
        }
    }

    private async Task WriteAsync(DocumentWrite write)
    {
        if (write.Expected is { } expected)
        {
            var value = await AskAsync("SELECT value FROM document WHERE collection = $1 AND key = $2", write.Collection, write.Key).ConfigureAwait(false) as byte[] ?? [];
            if (!value.AsSpan().SequenceEqual(expected.Span))
            {
                throw BatchRules.DocumentConflict(write);
            }
        }
        if (write.Value is null)
        {
            // Deleting only what is absent deletes nothing.
            if (!write.OnlyIfAbsent)
            {
                await RunAsync("DELETE FROM document WHERE collection = $1 AND key = $2", write.Collection, write.Key).ConfigureAwait(false);
            }
            return;
        }
        var otherwise = write.OnlyIfAbsent ? "NOTHING" : "UPDATE SET value = excluded.value";
        await RunAsync($"INSERT INTO document (collection, key, value) VALUES ($1, $2, $3) ON CONFLICT (collection, key) DO {otherwise}",
            write.Collection, write.Key, write.Value).ConfigureAwait(false);
    }

    private async Task<long> HeadAsync(StreamId stream) =>
        await AskAsync("SELECT coalesce((SELECT version FROM record WHERE stream = $1 ORDER BY version DESC LIMIT 1), (SELECT version FROM stream_head WHERE stream = $1))", stream.ToUuid()).ConfigureAwait(false) as long? ?? 0;

    private static object OrNull(long? value) => value is { } number ? number : DBNull.Value;

    private async Task<int> RunAsync(string sql, params object[] parameters)
    {
        await using var command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    private async Task<object?> AskAsync(string sql, params object[] parameters)
    {
        await using var command = Command(sql, parameters);
        return await command.ExecuteScalarAsync().ConfigureAwait(false);
    }

    private NpgsqlCommand Command(string sql, object[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection, transaction);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter, NpgsqlDbType = TypeOf(parameter) });
        }
        return command;
    }

    private static NpgsqlTypes.NpgsqlDbType TypeOf(object parameter) => parameter switch
    {
        long or DBNull => NpgsqlTypes.NpgsqlDbType.Bigint,
        int => NpgsqlTypes.NpgsqlDbType.Integer,
        string => NpgsqlTypes.NpgsqlDbType.Text,
        Guid => NpgsqlTypes.NpgsqlDbType.Uuid,
        _ => NpgsqlTypes.NpgsqlDbType.Bytea,
    };
}
