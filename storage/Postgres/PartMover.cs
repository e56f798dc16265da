using System.Security.Cryptography;
using Npgsql;
using SyncHub.Storage.Files;
using SyncHub.Storage.Retention;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite.Audit;

namespace SyncHub.Storage.Postgres;

/// <summary>Moves the oldest part of a journal out of the database into a file.</summary>
/// <remarks>
/// A part that is full never changes. It is written, read back and compared, and named where readers look, before it leaves; it leaves in one transaction
/// that proves that this process still is the writer. Crash rule: until then the database has it, and the file is written anew; from then on the file is all there is of it.
/// </remarks>
internal sealed class PartMover(Database database, WriterSession session, PartFiles gone)
{
    // Commits and readers queue behind whoever waits for the table to be its alone, so it waits briefly and comes again.
    private const string Patience = "SET LOCAL lock_timeout = '50ms'";
    private const int AttemptsUntilTold = 60;
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromSeconds(5);

    private JournalPart? _written;

    /// <summary>Moves one part, where the oldest one has been full for long enough.</summary>
    /// <returns>The part; null where there is none to move.</returns>
    /// <exception cref="JournalUnavailableException">The file cannot be written, is not what the database has, or the database did not let go of the part. Nothing is lost; it may be tried again.</exception>
    public async Task<JournalPart?> MoveAsync(string folder, TimeSpan age, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await database.OpenAsync().ConfigureAwait(false);
            if (await OldestAsync(connection, age, cancellation).ConfigureAwait(false) is not { } oldest)
            {
                return null;
            }
            if (_written?.Number != oldest.Number)
            {
                var part = await WriteAsync(connection, oldest, folder, cancellation).ConfigureAwait(false);
                await RememberHeadsAsync(connection, part, cancellation).ConfigureAwait(false);
                await Parts.SumAsync(connection, part.Number).ConfigureAwait(false);
                gone.Add(part);
                _written = part;
            }
            await LeaveWhenItCanAsync(connection, _written, cancellation).ConfigureAwait(false);
            return _written;
        }
        catch (PostgresException error) when (error.SqlState == PostgresFaults.OtherSession)
        {
            throw PostgresFaults.TakenOver(database.Name, database.Options.Writer);
        }
        catch (NpgsqlException error)
        {
            throw PostgresFaults.From(error, database.Name);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or Microsoft.Data.Sqlite.SqliteException)
        {
            throw new JournalUnavailableException(JournalFault.InputOutput, $"{folder}: the part could not be written there ({error.Message}). Free some space or correct the folder's rights; the journal still has the part.", error);
        }
    }

    private static async Task<JournalPart?> OldestAsync(NpgsqlConnection connection, TimeSpan age, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT number, first, last FROM journal_part WHERE left_at IS NULL AND full_at <= clock_timestamp() - $1
            AND number = (SELECT min(number) FROM journal_part WHERE left_at IS NULL)
            """, connection)
        {
            Parameters = { new() { Value = age } },
        };
        await using var row = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        return await row.ReadAsync(cancellation).ConfigureAwait(false)
            ? new JournalPart(row.GetInt32(0), row.GetInt64(1), row.GetInt64(2), FormattableString.Invariant($"part-{row.GetInt32(0):000000}.db"), [])
            : null;
    }

    private async Task<JournalPart> WriteAsync(NpgsqlConnection connection, JournalPart part, string folder, CancellationToken cancellation)
    {
        PrivateFile.CreateFolder(folder);
        var path = Path.Combine(folder, part.File);
        using var here = new PartDigest();
        byte[] sum;
        using (var file = new PartFileWriter(path))
        {
            await foreach (var row in RowsAsync(connection, $"SELECT position, partition, stream, version, payload, store, incarnation, sequence FROM record_{part.Number} ORDER BY position", cancellation).ConfigureAwait(false))
            {
                var (stream, payload) = (row.GetGuid(2).ToStream(), row.GetFieldValue<byte[]>(4));
                FactKey? fact = row.IsDBNull(5) ? null : Key(row, 5);
                file.Add(row.GetInt64(0), row.GetInt32(1), stream, row.GetInt64(3), fact, payload);
                here.Add(row.GetInt64(0), row.GetInt32(1), stream, row.GetInt64(3), fact, payload);
            }
            if (here.Rows != part.Records)
            {
                throw new JournalUnavailableException(JournalFault.Corrupt, $"{database.Name}: part {part.Number} has {here.Rows} records where {part.Records} should be. It stays; run synchub verify.");
            }
            await foreach (var row in RowsAsync(connection, $"SELECT store, incarnation, sequence, hash, bytes FROM fact_{part.Number} ORDER BY store, incarnation, sequence", cancellation).ConfigureAwait(false))
            {
                var (hash, bytes) = (row.GetFieldValue<byte[]>(3), row.GetFieldValue<byte[]>(4));
                file.Add(Key(row, 0), hash, bytes);
                here.Add(Key(row, 0), hash, bytes);
            }
            await using var mark = new NpgsqlCommand("SELECT value FROM document WHERE collection = $1 AND key = $2", connection) { Parameters = { new() { Value = SealMark.Collection }, new() { Value = SealMark.Key } } };
            file.Mark(await mark.ExecuteScalarAsync(cancellation).ConfigureAwait(false) as byte[]);
            sum = file.Finish();
        }
        using var there = DigestOf(path, cancellation);
        if (!CryptographicOperations.FixedTimeEquals(here.Current(), there.Current()))
        {
            throw new JournalUnavailableException(JournalFault.Corrupt, $"{path}: what was read back is not what the journal has. The part stays; check that disk.");
        }
        return part with { Sha256 = sum };
    }

    private static PartDigest DigestOf(string path, CancellationToken cancellation)
    {
        var digest = new PartDigest();
        using var file = JournalFileReader.OpenAsStored(path);
        foreach (var record in file.Records())
        {
            cancellation.ThrowIfCancellationRequested(); // millions of rows, and a hub that stops hands over at once
            digest.Add(record.Position, record.Partition, record.Stream, record.Version, record.Fact, record.Payload);
        }
        foreach (var fact in file.Facts())
        {
            cancellation.ThrowIfCancellationRequested();
            digest.Add(new FactKey(fact.Producer, fact.Sequence), fact.Hash, fact.Bytes);
        }
        return digest;
    }

    // Whose newest record is in the part must not be able to get that version again. Others may get another record meanwhile: what is here is looked at first.
    private static async Task RememberHeadsAsync(NpgsqlConnection connection, JournalPart part, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            INSERT INTO stream_head (stream, version) SELECT r.stream, r.version FROM record_{part.Number} r
            WHERE NOT EXISTS (SELECT 1 FROM record n WHERE n.stream = r.stream AND n.version = r.version + 1 AND n.position > r.position)
            ON CONFLICT (stream) DO UPDATE SET version = greatest(stream_head.version, excluded.version)
            """, connection)
        {
            CommandTimeout = 0,
        };
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    private async Task LeaveWhenItCanAsync(NpgsqlConnection connection, JournalPart part, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await LeaveAsync(connection, part, cancellation).ConfigureAwait(false);
                return;
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                // Somebody reads it: an audit, a report, a backup.
                if (attempt % AttemptsUntilTold == 0)
                {
                    database.Options.OnTrouble?.Invoke(new JournalUnavailableException(JournalFault.Locked,
                        $"{database.Name}: part {part.Number} is in its file and waits to leave the database, because a session holds a view of it (pg_stat_activity). It is tried again.", error));
                }
                await Task.Delay(BetweenAttempts, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task LeaveAsync(NpgsqlConnection connection, JournalPart part, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        await RunAsync(connection, "SELECT position FROM feed FOR UPDATE").ConfigureAwait(false); // no commit is under way
        await RunAsync(connection, Patience).ConfigureAwait(false);
        var mine = session.Settled ?? throw new JournalUnavailableException(JournalFault.Unspecified, $"{database.Name}: the writer's session is being replaced. The part stays; it is tried again.");
        await using (var fence = new NpgsqlCommand("SELECT refuse('SH002', 'another session writes') WHERE NOT EXISTS (SELECT 1 FROM writer WHERE name = $1 AND session = $2)", connection) { Parameters = { new() { Value = database.Options.Writer }, new() { Value = mine } } })
        {
            await fence.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        }
        await RunAsync(connection, $"ALTER TABLE record DETACH PARTITION record_{part.Number}; ALTER TABLE fact DETACH PARTITION fact_{part.Number}").ConfigureAwait(false);
        await using (var left = new NpgsqlCommand("UPDATE journal_part SET file = $2, sha256 = $3, left_at = clock_timestamp() WHERE number = $1", connection) { Parameters = { new() { Value = part.Number }, new() { Value = part.File }, new() { Value = part.Sha256 } } })
        {
            await left.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        }
        await RunAsync(connection, $"DROP TABLE record_{part.Number}, fact_{part.Number}").ConfigureAwait(false);
        await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    private static async IAsyncEnumerable<NpgsqlDataReader> RowsAsync(NpgsqlConnection connection, string sql, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using var rows = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        while (await rows.ReadAsync(cancellation).ConfigureAwait(false))
        {
            yield return rows;
        }
    }

    private static FactKey Key(NpgsqlDataReader row, int column) => new(new ProducerId(row.GetInt64(column), row.GetInt64(column + 1)), row.GetInt64(column + 2));
}
