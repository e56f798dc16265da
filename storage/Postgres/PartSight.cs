using Npgsql;

namespace SyncHub.Storage.Postgres;

/// <summary>Sees to it that every session of the database sees the parts that were attached to its tables.</summary>
/// <remarks>
/// <para>PostgreSQL attaches a part beside readers. A session that builds its list of a table's parts at that moment reads the catalogue of before, and may have taken in the word that this
/// list is old while it still built it. Then it keeps the old list until the next such word, and does not see what is in the new part: one part in some 1,700, with a dozen sessions that
/// read without a pause (docs/schema.md). So when all that held the tables after a part was attached are done, the word is given again: whoever builds its list after that sees the part.</para>
/// <para>Nothing that is wrong can be committed meanwhile, for a commit proves in its transaction what it builds upon; a read may be too short.</para>
/// <para>Thread rule: one call at a time, by <see cref="Parts"/>.</para>
/// </remarks>
internal sealed class PartSight(Database database) : IAsyncDisposable
{
    // Commits into the new part go on after this time: who holds the tables for longer is a report or a backup, and is waited for beside them.
    private const int PatienceMs = 2000;
    private const int MostMsBetweenLooks = 1000;

    // Granted or not: who waits for a lock has not built anything yet, and will see the part.
    private const string Holders =
        """
        SELECT coalesce(array_agg(DISTINCT virtualtransaction), '{}') FROM pg_locks
        WHERE locktype = 'relation' AND granted AND relation IN ('record'::regclass, 'fact'::regclass) AND pid IS DISTINCT FROM pg_backend_pid()
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """;

    private CancellationTokenSource _stop = new();
    private long _seenTo = -1; // -1: where that is has not been said
    private long _askedTo;
    private volatile bool _hasFailed;
    private TaskCompletionSource _reached = new();
    private Task _showing = Task.CompletedTask;

    /// <summary>Says which positions lie in parts that have been in use; what is said first counts.</summary>
    public void Begin(long seenTo) => Interlocked.CompareExchange(ref _seenTo, seenTo, -1);

    /// <summary>Has every session see the parts up to a position, beside the commits.</summary>
    public void Show(long upto)
    {
        if (upto > _askedTo || _hasFailed)
        {
            _stop.Cancel(); // what is shown now shows what the one before was about to
            (_stop, _askedTo, _hasFailed, _reached) = (new CancellationTokenSource(), upto, false, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            _showing = ShowAsync(_showing, upto, _reached, _stop.Token);
        }
    }

    /// <summary>Waits until the parts up to a position are seen, though not for ever.</summary>
    public ValueTask ReachAsync(long position) => position <= Volatile.Read(ref _seenTo) ? default : WaitAsync();

    /// <summary>Stops; completes when it no longer uses the database.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _showing.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async ValueTask WaitAsync()
    {
        var (upto, reached) = (_askedTo, _reached);
        await Task.WhenAny(reached.Task, Task.Delay(PatienceMs)).ConfigureAwait(false);
        LetGoOn(upto, reached);
    }

    private async Task ShowAsync(Task before, long upto, TaskCompletionSource reached, CancellationToken stop)
    {
        try
        {
            await before.ConfigureAwait(false);
            await using var connection = await database.OpenAsync().ConfigureAwait(false);
            var holders = await HoldersAsync(connection).ConfigureAwait(false);
            for (var pauseMs = 1; holders.Length > 0; pauseMs = Math.Min(pauseMs * 2, MostMsBetweenLooks))
            {
                await Task.Delay(pauseMs, stop).ConfigureAwait(false);
                holders = [.. holders.Intersect(await HoldersAsync(connection).ConfigureAwait(false))];
            }
            await TellAsync(connection, "record", stop).ConfigureAwait(false);
            await TellAsync(connection, "fact", stop).ConfigureAwait(false);
            LetGoOn(upto, reached);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The next one shows the parts, or the next start of a hub.
        }
        catch (Exception error) when (error is NpgsqlException || PostgresFaults.IsTransient(error))
        {
            database.Options.OnTrouble?.Invoke(PostgresFaults.From(error, database.Name));
            _hasFailed = true; // the next commit asks again
            LetGoOn(upto, reached);
        }
    }

    private void LetGoOn(long upto, TaskCompletionSource reached)
    {
        Volatile.Write(ref _seenTo, Math.Max(upto, Volatile.Read(ref _seenTo)));
        reached.TrySetResult();
    }

    private static async Task<string[]> HoldersAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(Holders, connection);
        return (string[])(await command.ExecuteScalarAsync().ConfigureAwait(false))!;
    }

    // A change of the catalogue that changes nothing, and of all that a session knows of a table has it forget its list of parts.
    private static async Task TellAsync(NpgsqlConnection connection, string table, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                await using var transaction = await connection.BeginTransactionAsync(stop).ConfigureAwait(false);
                await using var tell = new NpgsqlCommand($"SET LOCAL lock_timeout = '200ms'; ALTER TABLE ONLY {table} ALTER COLUMN position SET STATISTICS -1", connection, transaction);
                await tell.ExecuteNonQueryAsync(stop).ConfigureAwait(false);
                await transaction.CommitAsync(stop).ConfigureAwait(false);
                return;
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                // Somebody alters the table. Not waited for in its queue, where readers would wait behind.
                await Task.Delay(MostMsBetweenLooks, stop).ConfigureAwait(false);
            }
        }
    }
}
