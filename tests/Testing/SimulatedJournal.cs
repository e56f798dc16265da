using SyncHub.Storage;

namespace SyncHub.Testing;

/// <summary>A journal in memory with a disk that can be held back, crash, fail, be copied and be restored: the simulator's twin of the real one.</summary>
/// <remarks>
/// Deterministic: it has no thread, clock or randomness. Batches wait until <see cref="Flush"/>, which is one commit; continuations of
/// the tasks run inside Flush, on its thread, unless the awaiting code brought its own context. It passes the conformance suite of the
/// SQLite journal, from any thread. Arrays that it returns are its own: they must not be changed.
/// Crash rule: what was flushed survives <see cref="Crash"/>; what was not is gone, and its tasks never complete, as those of a dead process.
/// </remarks>
public sealed class SimulatedJournal : IJournal
{
    private readonly Lock _gate = new();
    private readonly Queue<Waiting> _waiting = new();
    private SimulatedTables _tables;
    private JournalFault? _failNext;
    private JournalUnavailableException? _closedBy;

    /// <summary>An empty journal. With <paramref name="autoFlush"/> each commit is durable when <see cref="CommitAsync"/> returns.</summary>
    public SimulatedJournal(bool autoFlush = false)
        : this(new SimulatedTables(), autoFlush)
    {
    }

    private SimulatedJournal(SimulatedTables tables, bool autoFlush)
    {
        _tables = tables;
        AutoFlush = autoFlush;
    }

    /// <summary>True where each commit is flushed at once. Set it between commits, from one thread.</summary>
    public bool AutoFlush { get; set; }

    /// <summary>Whether records and documents of another writer are refused; off only to show what the fences are for.</summary>
    public static bool HasFences { get; set; } = true;

    /// <summary>Whether a process that dies in a commit leaves half of it: facts and marks, but not what was decided; on only to show what atomic commits are for.</summary>
    public static bool TearsCommits { get; set; }

    /// <summary>Whether it answers nothing any more: crashed, disposed of, or failed.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
            {
                return _closedBy is not null;
            }
        }
    }

    /// <summary>How many batches wait for a flush.</summary>
    public int PendingCount
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <inheritdoc/>
    public long LastPosition
    {
        get
        {
            lock (_gate)
            {
                return _tables.LastPosition;
            }
        }
    }

    /// <summary>A new journal on a copied disk: a restored backup, or the clone of a store's machine.</summary>
    public static SimulatedJournal Open(JournalImage image, bool autoFlush = false)
    {
        ArgumentNullException.ThrowIfNull(image);
        return new SimulatedJournal(image.Tables.Copy(), autoFlush);
    }

    /// <inheritdoc/>
    public Task<long> CommitAsync(JournalBatch batch)
    {
        BatchRules.ThrowIfBroken(batch);
        Waiting waiting;
        lock (_gate)
        {
            if (_closedBy is not null)
            {
                return Task.FromException<long>(Closed());
            }
            waiting = new Waiting(batch);
            _waiting.Enqueue(waiting);
        }
        if (AutoFlush)
        {
            Flush();
        }
        return waiting.Done.Task;
    }

    /// <summary>One commit of the oldest <paramref name="batches"/> waiting batches: makes them durable, then completes their tasks in order.</summary>
    /// <returns>How many batches it took.</returns>
    public int Flush(int batches = int.MaxValue)
    {
        var taken = Write(batches);
        foreach (var waiting in taken)
        {
            waiting.Answer();
        }
        return taken.Count;
    }

    /// <summary>As <see cref="Flush"/>, but nobody is ever told: the disk has it and the process dies before it knows. Call <see cref="Crash"/> next.</summary>
    public int FlushWithoutAnswers(int batches = int.MaxValue) => Write(batches, isTorn: TearsCommits).Count;

    /// <summary>The process dies. This instance answers <see cref="JournalFault.Closed"/> from now on.</summary>
    /// <returns>The journal as the next process opens it.</returns>
    public SimulatedJournal Crash()
    {
        lock (_gate)
        {
            var survivor = new SimulatedJournal(_tables, AutoFlush);
            // The old instance keeps no hand on the disk: a dead process reads nothing either.
            _tables = new SimulatedTables();
            _waiting.Clear();
            _closedBy = new JournalUnavailableException(JournalFault.Closed, "The simulated process has crashed. Use the journal that Crash() returned.");
            return survivor;
        }
    }

    /// <summary>Makes the next commit fail as a whole. <see cref="JournalFault.InputOutput"/> and <see cref="JournalFault.Corrupt"/> also close the journal.</summary>
    public void FailNextCommit(JournalFault fault)
    {
        lock (_gate)
        {
            _failNext = fault;
        }
    }

    /// <summary>Whether the next commit will fail.</summary>
    public bool WillFail
    {
        get
        {
            lock (_gate)
            {
                return _failNext is not null;
            }
        }
    }

    /// <summary>Copies the disk as it is now, without what waits: a backup or a clone.</summary>
    public JournalImage Copy()
    {
        lock (_gate)
        {
            return new JournalImage(_tables.Copy());
        }
    }

    /// <summary>The process dies and its disk is replaced by an older copy.</summary>
    /// <returns>The journal as the next process opens it.</returns>
    public SimulatedJournal RollBackTo(JournalImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        Crash();
        return Open(image, AutoFlush);
    }

    /// <inheritdoc/>
    public StoredStream ReadStream(StreamId stream) => Read(tables => tables.ReadStream(stream));

    /// <inheritdoc/>
    public IReadOnlyList<StoredRecord> ReadRecords(StreamId stream, long fromVersion, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read(tables => tables.ReadRecords(stream, fromVersion, limit));
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredRecord> ReadFeed(long position, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read(tables => tables.ReadFeed(position, limit));
    }

    /// <summary>The version that a stream had when the journal ended at a position; 0 where it had none.</summary>
    public long VersionAt(StreamId stream, long position) => Read(tables => tables.VersionAt(stream, position));

    /// <inheritdoc/>
    public IReadOnlyList<StreamChange> ReadChanges(long position, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read(tables => tables.ReadChanges(position, limit));
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read(tables => tables.ReadFacts(producer, fromSequence, limit, maxBytes));
    }

    /// <summary>The version of the newest record of a stream on the disk; 0 where there is none.</summary>
    public long HeadOf(StreamId stream)
    {
        lock (_gate)
        {
            return _closedBy is null ? _tables.HeadOf(stream) : throw Closed();
        }
    }

    /// <summary>Whether the disk has a fact with this hash, of whatever producer.</summary>
    public bool HasFact(byte[] hash) => Read(tables => tables.HasFact(hash));

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadNewestFacts(ProducerId producer, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read(tables => tables.ReadNewestFacts(producer, limit));
    }

    /// <inheritdoc/>
    public StoredCursor? ReadCursor(string name, ProducerId producer) => Read(tables => tables.ReadCursor(name, producer));

    /// <inheritdoc/>
    public byte[]? ReadDocument(string collection, ReadOnlySpan<byte> key)
    {
        lock (_gate)
        {
            return _closedBy is null ? _tables.Collection(collection).Find(key) : throw Closed();
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredDocument> ReadDocuments(string collection, ReadOnlySpan<byte> keyPrefix, ReadOnlySpan<byte> afterKey, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        lock (_gate)
        {
            return _closedBy is null ? _tables.Collection(collection).Scan(keyPrefix, afterKey, limit) : throw Closed();
        }
    }

    /// <inheritdoc/>
    public long CountDocuments(string collection) => Read(tables => tables.Collection(collection).Count);

    /// <inheritdoc/>
    public IReadOnlyList<StoredBalance> ReadBalances() => Read(static tables => tables.ReadBalances());

    /// <summary>Flushes what waits and closes, as a clean stop does.</summary>
    public ValueTask DisposeAsync()
    {
        Flush();
        lock (_gate)
        {
            _closedBy ??= new JournalUnavailableException(JournalFault.Closed, "The simulated journal is closed. Open a copy of it to go on.");
        }
        return ValueTask.CompletedTask;
    }

    private List<Waiting> Write(int batches, bool isTorn = false)
    {
        var taken = new List<Waiting>();
        lock (_gate)
        {
            while (taken.Count < batches && _waiting.TryDequeue(out var next))
            {
                taken.Add(next);
            }
            var fault = taken.TrueForAll(static waiting => waiting.Batch.IsEmpty) ? null : NextFault();
            foreach (var waiting in taken)
            {
                waiting.Failure = waiting.Batch.IsEmpty ? null : fault ?? waiting.Batch.Chain?.Broken ?? _tables.Apply(isTorn ? HalfOf(waiting.Batch) : waiting.Batch);
                waiting.Position = _tables.LastPosition;
                if (waiting.Failure is { } failure)
                {
                    waiting.Batch.Chain?.Break(failure);
                }
            }
            if (_closedBy is not null)
            {
                CloseTheRest(taken);
            }
        }
        return taken;
    }

    private static JournalBatch HalfOf(JournalBatch batch)
    {
        var half = new JournalBatch();
        half.Facts.AddRange(batch.Facts);
        half.Cursors.AddRange(batch.Cursors);
        return half;
    }

    private JournalUnavailableException? NextFault()
    {
        if (_failNext is not { } kind)
        {
            return null;
        }
        _failNext = null;
        var fault = new JournalUnavailableException(kind, $"Simulated: {kind}. The test asked for it; commit again.");
        if (kind is JournalFault.InputOutput or JournalFault.Corrupt)
        {
            _closedBy = fault;
        }
        return fault;
    }

    private void CloseTheRest(List<Waiting> taken)
    {
        while (_waiting.TryDequeue(out var next))
        {
            next.Failure = Closed();
            taken.Add(next);
        }
    }

    private T Read<T>(Func<SimulatedTables, T> read)
    {
        lock (_gate)
        {
            return _closedBy is null ? read(_tables) : throw Closed();
        }
    }

    private JournalUnavailableException Closed() =>
        new(JournalFault.Closed, $"The simulated journal is closed: {_closedBy!.Message}", _closedBy);

    private sealed class Waiting(JournalBatch batch)
    {
        public JournalBatch Batch { get; } = batch;

        // Continuations run where Flush is called: a hop to the thread pool would make the order of events a matter of luck.
        public TaskCompletionSource<long> Done { get; } = new();

        public long Position { get; set; }

        public Exception? Failure { get; set; }

        public void Answer()
        {
            if (Failure is null)
            {
                Done.SetResult(Position);
            }
            else
            {
                Done.SetException(Failure);
            }
        }
    }
}
