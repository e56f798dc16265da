using Microsoft.Data.Sqlite;

namespace SyncHub.Storage.Sqlite;

/// <summary>What writes a journal file: one thread, the queue before it, and callers that find nothing before them in it.</summary>
/// <remarks>
/// Thread rule: <see cref="Enqueue"/> and <see cref="WriteHere"/> from any thread; whatever is done with SQLite is done by whoever has the queue's turn. The queue is
/// unbounded: each caller has at most a few batches under way and waits for them, so back-pressure lies with the callers.
/// Crash rule: a batch in the queue was promised to nobody.
/// </remarks>
internal sealed class JournalWriter : IDisposable
{
    // Batches. Bounds the transaction, and with it the time that the first of a long queue waits for the last.
    private const int MaxBatchesPerCommit = 512;

    private readonly string _path;
    private readonly GroupCommit _commits;
    private readonly JournalReader _reader;
    private readonly Checkpoint _checkpoint;
    private readonly Action<JournalUnavailableException>? _onTrouble;
    private readonly CommitQueue _queue = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastPosition;
    private volatile bool _isClosed;
    private volatile bool _wasFull; // a log that is folded begins anew in the room that it has
    private volatile JournalUnavailableException? _closedBy;

    public JournalWriter(SqliteConnection connection, string path, SqliteJournalOptions options)
    {
        _path = path;
        _commits = new GroupCommit(connection, path);
        _reader = new JournalReader(connection);
        _checkpoint = new Checkpoint(connection, path, options.CheckpointPages);
        _onTrouble = options.OnTrouble;
        _lastPosition = _commits.Position;
        // What a process that was killed left in the log: pages are counted from the start of this one, and a machine that dies often would else never fold.
        if (_checkpoint.RunToTheEnd() is { } trouble)
        {
            Report(trouble);
        }

        var thread = new Thread(Run) { IsBackground = true, Name = "journal writer" };
        thread.Start();
    }

    public long LastPosition => Volatile.Read(ref _lastPosition);

    /// <summary>Throws where the journal no longer takes anything.</summary>
    public void ThrowIfClosed()
    {
        if (_isClosed)
        {
            throw SqliteFaults.Closed(_path, _closedBy);
        }
    }

    public Task<long> Enqueue(JournalBatch batch)
    {
        var pending = new PendingBatch(batch);
        if (!_queue.TryAdd(pending))
        {
            return Task.FromException<long>(SqliteFaults.Closed(_path, _closedBy));
        }
        return pending.Done;
    }

    /// <summary>Writes on the caller's thread where nothing else is being written or waits for it: it would else wake the writer's thread and be woken by it.</summary>
    public Task<long> WriteHere(JournalBatch batch)
    {
        if (!_queue.TryBegin())
        {
            return Enqueue(batch);
        }

        var pending = new PendingBatch(batch);
        var wakes = false;
        try
        {
            Write([pending]);
            wakes = !_isClosed && (_wasFull || _checkpoint.IsDue); // after the answer: the writer's thread has the time
        }
        finally
        {
            _queue.End(wakes);
        }

        return pending.Done;
    }

    /// <summary>Reads a document by the writing connection, where nothing is being written or waits for it.</summary>
    /// <returns>False where the readers have to be asked: somebody else has the turn, or the read failed.</returns>
    public bool TryRead(string collection, byte[] key, out byte[]? value)
    {
        value = null;
        if (!_queue.TryBegin())
        {
            return false;
        }

        try
        {
            value = _reader.Document(collection, key);
            return true;
        }
        catch (SqliteException)
        {
            return false; // a reader meets the same fault, and says what it means
        }
        finally
        {
            _queue.End(wakes: false);
        }
    }

    /// <summary>Takes nothing more, commits what is queued, and ends the thread.</summary>
    public Task StopAsync()
    {
        TakeNothingMore();
        return _stopped.Task;
    }

    /// <summary>Closes the connection; after <see cref="StopAsync"/>.</summary>
    public void Dispose()
    {
        _commits.Dispose();
        // And with it the connection. The last connection to close folds the log in and deletes it. After a failed commit that also removes its rest from the log,
        // which a later start could otherwise take for a commit.
        _reader.Dispose();
    }

    private void Run()
    {
        try
        {
            while (_queue.Wait(out var first))
            {
                HaveTurn(first);
                _queue.End(wakes: false);
            }
            if (_closedBy is null && _checkpoint.RunToTheEnd() is { } trouble)
            {
                _onTrouble?.Invoke(trouble);
            }
        }
        finally
        {
            FailTheRest();
            _stopped.SetResult();
        }
    }

    private void HaveTurn(PendingBatch? first)
    {
        if (_closedBy is not null) // by a caller that wrote before
        {
            Refuse(first);
            return;
        }

        if (first is not null)
        {
            var group = new List<PendingBatch> { first };
            while (group.Count < MaxBatchesPerCommit && _queue.TakeNext() is { } next)
            {
                group.Add(next);
            }

            Write(group);
        }

        if (!_isClosed && (_wasFull ? _checkpoint.RunNow() : _checkpoint.RunWhenDue()) is { } trouble)
        {
            Report(trouble);
        }

        _wasFull = false;
    }

    private void Write(List<PendingBatch> group)
    {
        var fatal = Commit(group);
        // First the position, then the answers: whoever was answered must find the journal at least there.
        Volatile.Write(ref _lastPosition, _commits.Position);
        if (fatal is not null)
        {
            Close(fatal);
        }
        _wasFull |= group.Exists(static pending => pending.Failure is JournalUnavailableException { Fault: JournalFault.DiskFull }); // before the answer: whoever has the turn next shall see it
        PendingBatch.CompleteAll(group, _commits.Position);
    }

    // The boundary of whoever writes: whatever was not foreseen closes the journal instead of ending the process.
    private JournalUnavailableException? Commit(List<PendingBatch> group)
    {
        try
        {
            return _commits.Run(group);
        }
        catch (Exception error)
        {
            var fault = new JournalUnavailableException(JournalFault.Unspecified, $"{_path}: unexpected: {error.Message}. Restart the process and report this.", error);
            foreach (var pending in group)
            {
                pending.Failure ??= fault;
            }
            return fault;
        }
    }

    // A full disk only postpones a checkpoint: the log keeps everything. A disk that fails to write does not get another commit.
    private void Report(JournalUnavailableException trouble)
    {
        if (trouble.Fault is JournalFault.InputOutput or JournalFault.Corrupt)
        {
            Close(trouble);
        }
        else
        {
            _onTrouble?.Invoke(trouble);
        }
    }

    private void Close(JournalUnavailableException reason)
    {
        _closedBy = reason;
        TakeNothingMore();
        _onTrouble?.Invoke(reason);
    }

    private void TakeNothingMore()
    {
        _isClosed = true;
        _queue.Complete();
    }

    private void FailTheRest()
    {
        TakeNothingMore();
        while (_queue.TakeNext() is { } pending)
        {
            Refuse(pending);
        }
    }

    private void Refuse(PendingBatch? pending)
    {
        if (pending is not null)
        {
            pending.Failure = SqliteFaults.Closed(_path, _closedBy);
            pending.Complete(0);
        }
    }
}
