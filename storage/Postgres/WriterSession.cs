using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace SyncHub.Storage.Postgres;

/// <summary>The one connection that writes, and the proof that this process may: a session id in its writer's row, which every commit carries.</summary>
/// <remarks>
/// Thread rule: one call at a time, by <see cref="CommitLoop"/>.
/// Crash rule: a connection that broke in mid-commit leaves a commit of which nobody knows. <see cref="ReconnectAsync"/> changes the session
/// id in the database first. That update waits for the old connection's transaction where it still runs, and refuses it where it has not
/// begun; the number of the newest commit that it returns is therefore final.
/// </remarks>
internal sealed class WriterSession : IAsyncDisposable
{
    private const int BetweenAttemptsMs = 100;
    private const int BeforeTellingMs = 1_000; // longer than a process waits that starts again after a crash

    private const string TakeFirst =
        "INSERT INTO writer (name, epoch, session, commits, held_by) VALUES ($1, 1, $2, 0, $3) ON CONFLICT (name) DO NOTHING RETURNING commits, epoch";

    private const string TakeOver =
        """
        UPDATE writer SET epoch = epoch + 1, session = $2, held_by = $3, address = '', renewed_at = clock_timestamp()
        WHERE name = $1 AND session = $4 AND renewed_at::text = $5 RETURNING commits, epoch
        """;

    // The next one need not wait for anything: nothing of this session can be under way any more.
    private const string LetGo =
        "UPDATE writer SET session = gen_random_uuid(), epoch = epoch + 1, address = '', renewed_at = '-infinity' WHERE name = $1 AND session = $2";

    private const string TakeAgain =
        "UPDATE writer SET session = $2, epoch = epoch + 1, renewed_at = clock_timestamp() WHERE name = $1 AND session = ANY ($3) RETURNING commits, epoch";

    private readonly Database _database;

    // Ids that the row may hold: the last one known to be there, and those of attempts whose answer never came.
    private readonly List<Guid> _sessions = [];
    private volatile object? _settled;
    private NpgsqlConnection? _connection;
    private (int Process, DateTime Since) _backend;

    private WriterSession(Database database) => _database = database;

    /// <summary>The session id in the database, for other threads; null while it is being replaced.</summary>
    public Guid? Settled => _settled as Guid?;

    /// <summary>The open connection.</summary>
    public NpgsqlConnection Connection => _connection ?? throw new InvalidOperationException("The writer's connection was given up.");

    /// <summary>Whether the connection can be used, as far as this end knows.</summary>
    public bool IsOpen => _connection?.State == System.Data.ConnectionState.Open;

    /// <summary>Counts the changes of hand of this writer's name.</summary>
    public long Epoch { get; private set; }

    /// <summary>The number of the newest commit in the database, as of the last time the session was taken.</summary>
    public long Commits { get; private set; }

    /// <summary>The journal's newest position, as of the same moment.</summary>
    public long Position { get; private set; }

    private string Writer => _database.Options.Writer;

    /// <summary>Becomes the writer, as soon as it is this process's turn.</summary>
    /// <exception cref="JournalUnavailableException">Another process is for longer than this one waits, or the database cannot be reached.</exception>
    public static async Task<WriterSession> TakeAsync(Database database, CancellationToken cancellation)
    {
        var session = new WriterSession(database);
        try
        {
            await session.OpenAsync().ConfigureAwait(false);
            await session.WaitForItsTurnAsync(cancellation).ConfigureAwait(false);
            return session;
        }
        catch (Exception error)
        {
            await session.DisposeAsync().ConfigureAwait(false);
            if (error is JournalException || cancellation.IsCancellationRequested)
            {
                throw;
            }
            throw PostgresFaults.From(error, database.Name);
        }
    }

    /// <summary>Gives up a connection that broke, opens another one, and learns what became of the last commit.</summary>
    /// <exception cref="JournalUnavailableException">Another process took over, or the database was out of reach for too long.</exception>
    public async Task ReconnectAsync()
    {
        for (var started = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                await CloseAsync().ConfigureAwait(false);
                var old = _backend;
                await OpenAsync().ConfigureAwait(false);
                await EndAsync(old).ConfigureAwait(false);
                if (!await TryTakeAsync(TakeAgain, mine => [Writer, mine, _sessions.ToArray()]).ConfigureAwait(false))
                {
                    throw PostgresFaults.TakenOver(_database.Name, Writer);
                }
                return;
            }
            catch (Exception error) when (error is NpgsqlException || PostgresFaults.IsTransient(error))
            {
                if (!PostgresFaults.IsTransient(error) || Stopwatch.GetElapsedTime(started).TotalMilliseconds > _database.Options.PatienceMs)
                {
                    throw PostgresFaults.From(error, _database.Name);
                }
            }
            await Task.Delay(BetweenAttemptsMs).ConfigureAwait(false);
        }
    }

    /// <summary>The first statement of a commit in one piece; it answers with the position before the commit's records.</summary>
    /// <param name="number">The commit's number.</param>
    /// <param name="records">How many records it will have.</param>
    /// <param name="partitions">The partitions that it writes to.</param>
    /// <param name="bounds">Where that position has to be; null: every one will do.</param>
    public NpgsqlBatchCommand BeginCommit(long number, long records, IEnumerable<int> partitions, (long Least, long Most)? bounds = null)
    {
        var command = new NpgsqlBatchCommand($"SELECT b.base FROM begin_commit($1, $2, $3, $4, $5) AS b (base) {(bounds is null ? "" : Parts.Guard)}")
        {
            Parameters = { new() { Value = Writer }, new() { Value = _sessions[0] }, new() { Value = number }, new() { Value = records }, new() { Value = partitions.ToArray() } },
        };
        if (bounds is var (least, most))
        {
            command.Parameters.Add(new() { Value = least });
            command.Parameters.Add(new() { Value = most });
        }
        return command;
    }

    /// <summary>The first parameters of a commit that is one call: who writes, the commit's number, the partitions that it writes to.</summary>
    public void AddTo(NpgsqlParameterCollection parameters, long number, IEnumerable<int> partitions)
    {
        parameters.Add(new NpgsqlParameter { Value = Writer });
        parameters.Add(new NpgsqlParameter { Value = _sessions[0] });
        parameters.Add(new NpgsqlParameter { Value = number });
        parameters.Add(new NpgsqlParameter { Value = partitions.ToArray() });
    }

    /// <summary>The same as a call of its own, for a commit that counts its records later.</summary>
    public async Task<long> BeginCommitAsync(NpgsqlConnection connection, long number, int[] partitions)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { BeginCommit(number, 0, partitions) } };
        return (long)(await batch.ExecuteScalarAsync().ConfigureAwait(false))!;
    }

    /// <summary>The journal's newest position now, whichever writer it is of.</summary>
    public async Task<long> ReadPositionAsync()
    {
        await using var command = new NpgsqlCommand("SELECT position FROM feed", Connection);
        return (long)(await command.ExecuteScalarAsync().ConfigureAwait(false))!;
    }

    /// <summary>Says that this process lives. Nothing may be under way on the connection.</summary>
    public async Task RenewAsync()
    {
        await using var command = new NpgsqlCommand("UPDATE writer SET renewed_at = clock_timestamp() WHERE name = $1 AND session = $2", Connection)
        {
            Parameters = { new() { Value = Writer }, new() { Value = _sessions[0] } },
        };
        if (await command.ExecuteNonQueryAsync().ConfigureAwait(false) == 0)
        {
            throw PostgresFaults.TakenOver(_database.Name, Writer);
        }
    }

    /// <summary>Says that this process writes no more, so that another one need not wait for silence. Nothing may be under way on the connection.</summary>
    public async Task LetGoAsync()
    {
        try
        {
            if (IsOpen)
            {
                await using var command = new NpgsqlCommand(LetGo, Connection) { Parameters = { new() { Value = Writer }, new() { Value = _sessions[0] } } };
                await command.ExecuteNonQueryAsync().ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is NpgsqlException || PostgresFaults.IsTransient(error))
        {
            _database.Options.OnTrouble?.Invoke(PostgresFaults.From(error, _database.Name)); // the next one waits a lease
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => CloseAsync();

    /// <summary>Closes the connection; the next use opens another one.</summary>
    public ValueTask GiveUpAsync() => CloseAsync();

    private async ValueTask CloseAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task OpenAsync()
    {
        _connection = await _database.OpenWriterAsync().ConfigureAwait(false);
        await using var command = new NpgsqlCommand("SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()", _connection);
        await using var row = await command.ExecuteReaderAsync().ConfigureAwait(false);
        _backend = await row.ReadAsync().ConfigureAwait(false) ? (row.GetInt32(0), row.GetDateTime(1)) : default;
    }

    // Told by its start too: after a restart of the database the number may be another session's.
    private async Task EndAsync((int Process, DateTime Since) backend)
    {
        await using var command = new NpgsqlCommand("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2", Connection)
        {
            Parameters = { new() { Value = backend.Process }, new() { Value = backend.Since } },
        };
        await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    private async Task<bool> TryTakeAsync(string sql, Func<Guid, object[]> parameters)
    {
        var mine = Guid.NewGuid();
        _settled = null;
        _sessions.Add(mine);
        // Before the id is in the row: whoever sees it there without its lock takes this process for gone.
        await LockAsync("SELECT pg_advisory_lock(hashtextextended('synchub session ' || $1, 0))", mine).ConfigureAwait(false);
        if (await ReadTakenAsync(sql, parameters(mine)).ConfigureAwait(false) is not { } taken)
        {
            _sessions.Remove(mine);
            await LockAsync("SELECT pg_advisory_unlock(hashtextextended('synchub session ' || $1, 0))", mine).ConfigureAwait(false);
            return false;
        }
        (Commits, Epoch) = taken;
        _sessions.Clear();
        _sessions.Add(mine);
        _settled = mine;
        await using var position = new NpgsqlCommand("SELECT position FROM feed", Connection);
        Position = (long)(await position.ExecuteScalarAsync().ConfigureAwait(false))!;
        return true;
    }

    private async Task LockAsync(string sql, Guid session)
    {
        await using var command = new NpgsqlCommand(sql, Connection) { Parameters = { new() { Value = session.ToString() } } };
        await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    private async Task<(long Commits, long Epoch)?> ReadTakenAsync(string sql, object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, Connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }
        await using var row = await command.ExecuteReaderAsync().ConfigureAwait(false);
        return await row.ReadAsync().ConfigureAwait(false) ? (row.GetInt64(0), row.GetInt64(1)) : null;
    }

    private async Task WaitForItsTurnAsync(CancellationToken cancellation)
    {
        var (succession, told) = (new Succession(_database), default(LeadingWriter));
        for (var started = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                if (!IsOpen)
                {
                    await OpenAsync().ConfigureAwait(false);
                    succession.OnOpenedAgain();
                }
                var (mayTake, seen) = await succession.LookAsync(Connection, cancellation).ConfigureAwait(false);
                if (mayTake && await TryTakeAsync(seen is null ? TakeFirst : TakeOver, mine => [Writer, mine, Self, .. seen is { } before ? [before.Session, before.RenewedAt] : Array.Empty<object>()]).ConfigureAwait(false))
                {
                    await succession.OnTakenAsync(Connection).ConfigureAwait(false);
                    return;
                }
            }
            catch (Exception error) when (IsWaitingOn(error, cancellation))
            {
                // Whoever stands by outlives the database as well.
                _database.Options.OnTrouble?.Invoke(PostgresFaults.From(error, _database.Name));
                await CloseAsync().ConfigureAwait(false);
            }
            if (_database.Options.OnWaiting is { } tell && succession.Leader != told && Stopwatch.GetElapsedTime(started).TotalMilliseconds > BeforeTellingMs)
            {
                await tell(told = succession.Leader).ConfigureAwait(false);
            }
            if (!IsStandingBy && Stopwatch.GetElapsedTime(started).TotalMilliseconds > _database.Options.TakeOverMs)
            {
                throw new JournalUnavailableException(JournalFault.Locked, $"{_database.Name}: held by {succession.Leader.HeldBy}, which writes as {Writer}. Stop that one first.");
            }
            await Task.Delay(BetweenAttemptsMs, cancellation).ConfigureAwait(false);
        }
    }

    private bool IsStandingBy => _database.Options.TakeOverMs == int.MaxValue;

    private static string Self { get; } = string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} on {Environment.MachineName}");

    private bool IsWaitingOn(Exception error, CancellationToken cancellation) =>
        IsStandingBy && !cancellation.IsCancellationRequested && error is not JournalException && PostgresFaults.IsTransient(error);
}
