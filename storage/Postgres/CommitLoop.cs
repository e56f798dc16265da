using System.Diagnostics;
using Npgsql;

namespace SyncHub.Storage.Postgres;

/// <summary>The one writer of a journal on PostgreSQL, and the queue before it: while one commit is under way the next group gathers.</summary>
/// <remarks>
/// Thread rule: <see cref="Enqueue"/> and <see cref="WriteHere"/> from any thread; whatever is done with the session is done by whoever has the turn. A group is small
/// when the journal is idle and grows with the load, because it is whatever came during the commit before it. The loop has a thread of its own, which waits at the socket:
/// an answer of the database that went through the pool would stand there behind everything that is still to be decided, and the database would wait for as long.
/// Crash rule: a batch is answered when the database has said that its commit is durable, or when a later connection has read that it is.
/// </remarks>
internal sealed class CommitLoop : IAsyncDisposable
{
    // Rows and bytes. They bound one transaction, and with it the time that the first of a long queue waits for the last.
    private const int MaxBatches = 2048;
    private const long MaxBytes = 16 * 1024 * 1024;
    private const int MaxRefusedAttempts = 10;

    // Rows. A batch of so many is a commit by itself: putting it together with others would save little, and it would have to be folded anew.
    private const int LeastAlone = 128;

    private readonly Database _database;
    private readonly WriterSession _session;
    private readonly Parts _parts;
    private readonly KnownHeads _known = new();
    private readonly CommitQueue _queue = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _number;
    private long _lastPosition;
    private long _heardAt = Stopwatch.GetTimestamp();
    private volatile bool _isClosed;
    private volatile JournalUnavailableException? _closedBy;

    public CommitLoop(Database database, WriterSession session)
    {
        _database = database;
        _session = session;
        _parts = new Parts(database);
        (_number, _lastPosition) = (session.Commits, session.Position);
        new Thread(Run) { IsBackground = true, Name = "journal writer" }.Start();
    }

    public long LastPosition => Volatile.Read(ref _lastPosition);

    /// <summary>For how long the database has answered neither a commit nor a sign of life.</summary>
    public TimeSpan Silence => Stopwatch.GetElapsedTime(Volatile.Read(ref _heardAt));

    /// <summary>Why it closed itself; null while it takes batches.</summary>
    public JournalUnavailableException? ClosedBy => _closedBy;

    /// <summary>Throws where the journal no longer takes anything.</summary>
    public void ThrowIfClosed()
    {
        if (_isClosed)
        {
            throw PostgresFaults.Closed(_database.Name, _closedBy);
        }
    }

    public Task<long> Enqueue(JournalBatch batch)
    {
        var pending = new PendingBatch(batch);
        if (batch.Records.Count + batch.Facts.Count >= LeastAlone)
        {
            pending.Group = Group.TryFold([pending]); // here and not when its turn has come: the database would wait for it
        }
        return _queue.TryAdd(pending) ? pending.Done : Task.FromException<long>(PostgresFaults.Closed(_database.Name, _closedBy));
    }

    /// <summary>Writes on the caller's thread where nothing else is being written or waits for it: the answer of the database then wakes that thread, and not three that wake each other.</summary>
    public Task<long> WriteHere(JournalBatch batch)
    {
        if (!_queue.TryBegin())
        {
            return Enqueue(batch);
        }
        var pending = new PendingBatch(batch);
        _ = WriteHereAsync(pending);
        return pending.Done;
    }

    /// <summary>Takes nothing more, commits what is queued, and lets go of the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        TakeNothingMore();
        await _stopped.Task.ConfigureAwait(false); // the last one that had the turn
        if (_closedBy is null)
        {
            await _session.LetGoAsync().ConfigureAwait(false);
        }
        await _session.DisposeAsync().ConfigureAwait(false);
        await _parts.DisposeAsync().ConfigureAwait(false);
    }

    private void Run()
    {
        var group = new List<PendingBatch>();
        // While nothing comes the writer says now and then that it lives; a commit says so by itself.
        while (_queue.Wait(out var first, _database.Options.LeaseMs / 3))
        {
            group.Clear();
            if (_closedBy is not null) // by a caller that wrote before
            {
                Refuse(first);
            }
            else if (first is not null)
            {
                Gather(group, first);
                CommitAndAnswerAsync(group).GetAwaiter().GetResult(); // it waits for others only where the connection broke, or a part had to be made
            }
            else
            {
                RenewAsync().GetAwaiter().GetResult();
            }
            _queue.End(wakes: false);
        }
        _stopped.SetResult();
    }

    private async Task WriteHereAsync(PendingBatch pending)
    {
        await CommitAndAnswerAsync([pending]).ConfigureAwait(false);
        _queue.End(wakes: false);
    }

    private async Task CommitAndAnswerAsync(List<PendingBatch> group)
    {
        var fatal = await CommitOrFailAsync(group).ConfigureAwait(false);
        if (fatal is not null)
        {
            Close(fatal);
        }
        PendingBatch.CompleteAll(group, LastPosition);
    }

    private void Refuse(PendingBatch? pending)
    {
        if (pending is not null)
        {
            pending.Failure = PostgresFaults.Closed(_database.Name, _closedBy);
            pending.Complete(0);
        }
    }

    private async Task RenewAsync()
    {
        try
        {
            if (!_session.IsOpen)
            {
                await _session.ReconnectAsync().ConfigureAwait(false);
            }
            await _session.RenewAsync().ConfigureAwait(false);
            Volatile.Write(ref _heardAt, Stopwatch.GetTimestamp());
        }
        catch (JournalUnavailableException error)
        {
            Close(error);
        }
        catch (Exception error) when (error is NpgsqlException || PostgresFaults.IsTransient(error))
        {
            // Nothing is under way; the next attempt, or the next commit, opens another connection.
            _database.Options.OnTrouble?.Invoke(PostgresFaults.From(error, _database.Name));
            await _session.GiveUpAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            Close(Unexpected(error));
        }
    }

    private void Gather(List<PendingBatch> group, PendingBatch first)
    {
        group.Add(first);
        var bytes = SizeOf(first.Batch);
        while (first.Group is null && group.Count < MaxBatches && _queue.PeekNext() is { Group: null } next && (bytes += SizeOf(next.Batch)) <= MaxBytes)
        {
            group.Add(_queue.TakeNext()!);
        }
    }

    // The boundary of the loop: whatever was not foreseen closes the journal instead of ending the process.
    private async Task<JournalUnavailableException?> CommitOrFailAsync(List<PendingBatch> group)
    {
        var writes = group.FindAll(pending => !pending.Batch.IsEmpty && !pending.IsRefused());
        if (writes.Count == 0)
        {
            return null;
        }
        JournalUnavailableException? fatal;
        try
        {
            // First the position, then the answers: whoever was answered must find the journal at least there.
            Volatile.Write(ref _lastPosition, Math.Max(_lastPosition, await CommitAsync(writes).ConfigureAwait(false)));
            Volatile.Write(ref _heardAt, Stopwatch.GetTimestamp());
            return null;
        }
        catch (PostgresException error) when (PostgresFaults.IsAnswer(error))
        {
            // The whole group was refused and rolled back: a full disk, a missing right. The next commit tries again.
            Fail(writes, PostgresFaults.From(error, _database.Name));
            return null;
        }
        catch (JournalUnavailableException error)
        {
            fatal = error;
        }
        catch (Exception error)
        {
            fatal = Unexpected(error);
        }
        Fail(writes, fatal);
        return fatal;
    }

    private async Task<long> CommitAsync(List<PendingBatch> writes)
    {
        var number = ++_number;
        var inOnePiece = writes is [{ Group: { } folded }] ? folded : Group.TryFold(writes);
        var records = writes.Sum(static write => (long)write.Batch.Records.Count);
        for (var refusals = 0; ;)
        {
            try
            {
                if (!_session.IsOpen)
                {
                    // Some refusals, such as that of a full disk, make the driver give up the connection.
                    await _session.ReconnectAsync().ConfigureAwait(false);
                }
                await _parts.ReachAsync(_session.Connection, LastPosition, records).ConfigureAwait(false);
                if (inOnePiece is null)
                {
                    return await ExactWriter.CommitAsync(_session.Connection, _session, number, writes).ConfigureAwait(false);
                }
                inOnePiece.Position = LastPosition;
                _known.BeIn(_parts.Newest);
                var position = _database.Options.CommitsOneByCall && LoneWriter.Fits(inOnePiece, _parts) ? LoneWriter.Commit(_session.Connection, _session, _parts, number, inOnePiece)
                    : GroupWriter.Commit(_session.Connection, _session, _parts, _known, number, inOnePiece);
                _known.Learn(inOnePiece, position);
                return position;
            }
            catch (PostgresException error) when (PostgresFaults.IsAnswer(error))
            {
                _known.Forget();
                if (error.SqlState is PostgresFaults.OtherSession or PostgresFaults.OtherOwner)
                {
                    throw PostgresFaults.TakenOver(_database.Name, _database.Options.Writer);
                }
                if (PostgresFaults.IsTransient(error) && ++refusals < MaxRefusedAttempts)
                {
                    continue;
                }
                if (Parts.AreOthers(error) && ++refusals < MaxRefusedAttempts)
                {
                    _parts.Forget();
                    Volatile.Write(ref _lastPosition, Math.Max(_lastPosition, await _session.ReadPositionAsync().ConfigureAwait(false)));
                    continue;
                }
                if (inOnePiece is null || !PostgresFaults.BlamesTheBatch(error))
                {
                    throw;
                }
                inOnePiece = null; // one of them is to blame: row by row tells which
            }
            catch (Exception error) when (error is NpgsqlException || PostgresFaults.IsTransient(error))
            {
                _known.Forget();
                _database.Options.OnTrouble?.Invoke(PostgresFaults.From(error, _database.Name));
                if (await IsThereAsync(number).ConfigureAwait(false))
                {
                    return _session.Position;
                }
            }
        }
    }

    // The connection broke, and the commit may be there or not: read, never guess.
    private async Task<bool> IsThereAsync(long number)
    {
        await _session.ReconnectAsync().ConfigureAwait(false);
        if (_session.Commits < number - 1)
        {
            throw new JournalUnavailableException(JournalFault.Corrupt,
                $"{_database.Name}: the database has commit {_session.Commits} of this process, but {number - 1} was acknowledged: it is an older copy, or a standby that was behind. Stop every hub; bring back the newest server, or treat it as a restore (deploy/RUNBOOK.md, \"hub lost\").");
        }
        return _session.Commits >= number;
    }

    private JournalUnavailableException Unexpected(Exception error) =>
        new(JournalFault.Unspecified, $"{_database.Name}: unexpected: {error.Message} Restart the process and report this.", error);

    private static void Fail(List<PendingBatch> writes, JournalUnavailableException fault)
    {
        foreach (var pending in writes)
        {
            pending.Failure = fault;
        }
    }

    private void Close(JournalUnavailableException reason)
    {
        _closedBy = reason;
        TakeNothingMore();
        _database.Options.OnTrouble?.Invoke(reason);
    }

    private void TakeNothingMore()
    {
        _isClosed = true;
        _queue.Complete();
    }

    private static long SizeOf(JournalBatch batch)
    {
        long bytes = 0;
        foreach (var record in batch.Records)
        {
            bytes += record.Payload.Length;
        }
        foreach (var fact in batch.Facts)
        {
            bytes += fact.Bytes.Length;
        }
        foreach (var snapshot in batch.Snapshots)
        {
            bytes += snapshot.Payload.Length;
        }
        foreach (var write in batch.Documents)
        {
            bytes += write.Value?.Length ?? 0;
        }
        return bytes;
    }
}
