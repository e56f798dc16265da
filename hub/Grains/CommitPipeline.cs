using Microsoft.Extensions.Logging;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Auditing;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Stores;
using SyncHub.Storage;
using AuditEntry = SyncHub.V1.AuditEntry;

namespace SyncHub.Hub.Grains;

/// <summary>The way from a decision to the world: batches go to the journal in order, and what they caused leaves in the same order, after they are durable.</summary>
/// <remarks>
/// I14: no effect is released before every batch up to its own is durable. A commit that fails ends the hub: what the grains hold in
/// memory is then ahead of the journal, and only a restart from the journal is sure to be right.
/// A decision that finds the pipeline idle may be committed and released by the thread that brings it; it is the only one under way then.
/// Group commit: while two commits are under way, one at the disk and one behind it, whatever is decided gathers and goes as one batch. What
/// is written once per batch (sums of exposure, answers) is then written once for hundreds of decisions, and a decision alone waits for nobody.
/// Under load the work of a commit lies on whoever has the turn to commit, and nobody else waits for that: who submits only queues, after sealing what is its own.
/// </remarks>
internal sealed class CommitPipeline(IJournal journal, StoreRegistry stores, ILogger<CommitPipeline> log)
{
    private const int MostUnderWay = 2;

    // Records or facts. They bound one commit, and with it the time that its first decision waits for its last; and lists of more would be large
    // objects, whose garbage only the slowest collection takes.
    private const int LargestCommit = 1000;

    private readonly Lock _order = new();
    // Decided on what grains and registry hold in memory: after one that failed, that is ahead of the journal.
    private readonly BatchChain _chain = new();
    private readonly Queue<Written> _underWay = new();
    private readonly Queue<Submitted> _gathering = new();
    private readonly ReleaseQueue _commits = new();
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _releasedPosition = journal.LastPosition;
    private bool _isCompleting;
    private bool _isBroken;
    private bool _isHere; // a caller commits and releases on its own thread; all others gather meanwhile
    private bool _isReleasing;
    private bool _isCommitting; // somebody has the turn to commit what has gathered

    /// <summary>What is to be sent once for all that one commit released; null for nothing.</summary>
    public Action? Released { get; init; }

    /// <summary>Which members changed last.</summary>
    public RecentChanges Changes { get; init; } = new(journal);

    /// <summary>Writes the audit trail; null where there are no doors.</summary>
    public TrailWriter? Trail { get; init; }

    /// <summary>All effects of records up to this position have left.</summary>
    public long ReleasedPosition => Interlocked.Read(ref _releasedPosition);

    /// <summary>Completes when a commit failed and the hub has to stop.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>Commits a batch and, once it is durable, calls <paramref name="release"/> on the pipeline's own thread of control.</summary>
    /// <param name="batch">What to write.</param>
    /// <param name="exposure">How much more, or less, money each store may spend now.</param>
    /// <param name="release">Sends what was decided. It must not block and must not throw.</param>
    /// <param name="acts">Entries of the audit trail that belong to the batch. That of the call which this code runs for is added where it has none yet.</param>
    /// <param name="mayBeHere">Whether the caller's thread may block for as long as a commit takes, and holds no lock: where nothing else is under way it commits and
    /// releases, and no other thread has to wake up.</param>
    public void Submit(JournalBatch batch, IReadOnlyDictionary<StoreId, Exposure>? exposure, Action release, IReadOnlyList<AuditEntry>? acts = null, bool mayBeHere = false)
    {
        var own = acts is null ? DoorCall.Current?.TakeAct() : null;
        journal.Prepare(batch);
        // The lock makes three orders one: the journal's, the effects' and that of the store rows that ride along.
        lock (_order)
        {
            if (_failed.Task.IsCompleted)
            {
                return;
            }

            if (Switches.IsOff(Mechanism.CommitBeforeSend))
            {
                release();
                release = static () => { };
            }

            if (!mayBeHere || !IsIdle)
            {
                _gathering.Enqueue(new Submitted(batch, exposure, release, own, acts ?? []));
                if (!TryTakeTurn())
                {
                    return;
                }

                mayBeHere = false;
            }
            else
            {
                _isHere = true;
            }
        }

        if (mayBeHere)
        {
            CommitHere(new Submitted(batch, exposure, release, own, acts ?? []));
        }
        else
        {
            CommitGathered();
        }
    }

    /// <summary>Releases effects, in order, until the pipeline is completed or a commit fails.</summary>
    /// <remarks>On a thread of its own: in the pool it would stand behind all that is still to be decided, while the disk waits.</remarks>
    public Task RunAsync()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                while (_commits.WaitForNext() && ReleaseNext())
                {
                }

                ended.SetResult();
            }
            catch (Exception fault)
            {
                ended.SetException(fault);
            }
        }) { IsBackground = true, Name = "release" };
        thread.Start();
        return ended.Task;
    }

    /// <summary>Releases what the oldest commit under way let out, if it is durable.</summary>
    /// <returns>False where nothing is under way, the oldest commit is not done, or one failed.</returns>
    public bool ReleaseNext()
    {
        Written next;
        bool hasTurn;
        lock (_order)
        {
            if (_failed.Task.IsCompleted || !_underWay.TryPeek(out next) || !next.Commit.IsCompleted)
            {
                return false;
            }

            _underWay.Dequeue();
            _isReleasing = true;
            hasTurn = next.Commit.IsCompletedSuccessfully && TryTakeTurn();
        }

        if (hasTurn)
        {
            CommitGathered(); // before anything is sent: the disk does not wait for the senders
        }

        var isReleased = Release(next);
        lock (_order)
        {
            _isReleasing = false;
        }

        return isReleased;
    }

    /// <summary>Commits a batch; the task completes when it is durable.</summary>
    /// <param name="batch">What to write.</param>
    /// <param name="act">Its entry of the audit trail; null: that of the call which this code runs for, if any.</param>
    /// <exception cref="JournalUnavailableException">The journal failed, and the hub stops.</exception>
    public async Task CommitAsync(JournalBatch batch, AuditEntry? act = null)
    {
        var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Submit(batch, null, () => durable.TrySetResult(), act is null ? null : [act]);
        if (await Task.WhenAny(durable.Task, Failed).ConfigureAwait(false) != durable.Task)
        {
            throw new JournalUnavailableException(JournalFault.Closed, "The hub's journal failed, and the hub stops. Try again when it is back.");
        }
    }

    /// <summary>The hub has to stop, because the journal cannot be read, or has what another hub wrote.</summary>
    public void Fail(Exception fault)
    {
        log.LogCritical(fault, "The hub cannot go on with what its journal has, or does not give, and stops. Stores go on offline. {Reason}", fault.Message);
        lock (_order)
        {
            _failed.TrySetResult(fault);
        }

        _commits.Complete();
    }

    /// <summary>Takes no more batches; <see cref="RunAsync"/> ends after those that were submitted.</summary>
    public void Complete()
    {
        lock (_order)
        {
            _isCompleting = true;
            CompleteWhenAllAreUnderWay();
        }
    }

    // Under the lock: the turn to commit what has gathered, where there is anything to commit now and nobody has it. Then CommitGathered, without the lock.
    private bool TryTakeTurn() => !_isCommitting && MayCommit && (_isCommitting = true);

    // Under the lock.
    private bool MayCommit => !_isBroken && !_isHere && _underWay.Count < MostUnderWay && _gathering.Count > 0;

    // Under the lock. Nothing that came before is on its way to the disk or out.
    private bool IsIdle => !_isHere && !_isReleasing && !_isCommitting && !_isBroken && !_isCompleting && _underWay.Count == 0 && _gathering.Count == 0;

    private void CommitHere(Submitted submitted)
    {
        var written = Commit([submitted], isHere: true);
        bool mayRelease;
        bool hasTurn;
        lock (_order)
        {
            // What has gathered meanwhile goes to the disk before anything is sent, as always, and the pipeline's own thread keeps the order.
            mayRelease = written.Commit.IsCompletedSuccessfully && _gathering.Count == 0;
            if (!mayRelease)
            {
                _isHere = false;
                Enqueue(written);
            }

            hasTurn = !mayRelease && TryTakeTurn();
            CompleteWhenAllAreUnderWay();
        }

        if (mayRelease && Release(written))
        {
            lock (_order)
            {
                _isHere = false;
                hasTurn = TryTakeTurn();
                CompleteWhenAllAreUnderWay();
            }
        }

        if (hasTurn)
        {
            CommitGathered();
        }
    }

    private bool Release(Written written)
    {
        try
        {
            var position = written.Commit.GetAwaiter().GetResult();
            Changes.Note(written.Records, position); // first: a store that is too late to hear of them finds them there
            written.Releases.ForEach(static release => release());
            Released?.Invoke();
            Interlocked.Exchange(ref _releasedPosition, Math.Max(_releasedPosition, position));
            return true;
        }
        catch (Exception fault)
        {
            log.LogCritical(fault, "A commit failed; the hub stops. Stores go on offline. {Reason}", fault.Message);
            lock (_order)
            {
                _failed.TrySetResult(fault);
            }

            _commits.Complete();
            return false;
        }
    }

    // Under the lock.
    private void Enqueue(Written written)
    {
        _underWay.Enqueue(written);
        _commits.Add(written.Commit);
    }

    // Has the turn, and gives it back where nothing more is to be committed now.
    private void CommitGathered()
    {
        while (true)
        {
            List<Submitted> group;
            lock (_order)
            {
                if (!MayCommit)
                {
                    _isCommitting = false;
                    CompleteWhenAllAreUnderWay();
                    return;
                }

                group = TakeGathered();
            }

            var written = Commit(group, isHere: false);
            lock (_order)
            {
                Enqueue(written);
            }
        }
    }

    // Under the lock.
    private List<Submitted> TakeGathered()
    {
        var first = _gathering.Dequeue();
        var group = new List<Submitted> { first };
        var (records, facts) = (first.Batch.Records.Count, first.Batch.Facts.Count);
        while (_gathering.TryPeek(out var next) && (records += next.Batch.Records.Count) <= LargestCommit && (facts += next.Batch.Facts.Count) <= LargestCommit)
        {
            group.Add(_gathering.Dequeue());
        }

        return group;
    }

    private (JournalBatch Batch, IReadOnlyDictionary<StoreId, Exposure>? Exposure) Gather(List<Submitted> group)
    {
        if (group.Count == 1)
        {
            Record(group[0].Batch, group[0]);
            return (group[0].Batch, group[0].Exposure);
        }

        // Lists that grow by doubling would cost as much again as what they hold.
        var batch = new JournalBatch(group.Sum(static one => one.Batch.Records.Count));
        var (exposure, balances) = (new Dictionary<StoreId, Exposure>(), new BalanceSum());
        foreach (var submitted in group)
        {
            Append(batch, exposure, balances, submitted);
        }

        balances.AddTo(batch);
        return (batch, exposure);
    }

    // Whoever submitted the batch is gone by now: one that cannot be written at all ends the hub, as one that the disk refuses does.
    private Written Commit(List<Submitted> group, bool isHere)
    {
        var releases = group.ConvertAll(static one => one.Release);
        try
        {
            var (batch, exposure) = Gather(group);
            stores.AddTo(batch, exposure);
            batch.Chain = Switches.IsOff(Mechanism.BatchesBreakTogether) ? null : _chain;
            return new Written(isHere ? journal.CommitHereAsync(batch) : journal.CommitAsync(batch), batch.Records, releases);
        }
        catch (Exception fault)
        {
            lock (_order)
            {
                _isBroken = true;
            }

            return new Written(Task.FromException<long>(fault), [], releases);
        }
    }

    // Under the lock.
    private void CompleteWhenAllAreUnderWay()
    {
        if (_isCompleting && !_isHere && !_isCommitting && _gathering.Count == 0)
        {
            _commits.Complete();
        }
    }

    // Each list has an order of its own, and the journal takes a batch list by list: what stood in an earlier batch still comes first.
    private void Append(JournalBatch batch, Dictionary<StoreId, Exposure> exposure, BalanceSum balances, Submitted submitted)
    {
        var next = submitted.Batch;
        batch.Records.AddRange(next.Records);
        batch.Facts.AddRange(next.Facts);
        batch.Snapshots.AddRange(next.Snapshots);
        batch.Cursors.AddRange(next.Cursors);
        batch.Documents.AddRange(next.Documents);
        balances.Add(next.Balances);
        Record(batch, submitted);
        foreach (var (store, delta) in submitted.Exposure ?? new Dictionary<StoreId, Exposure>())
        {
            exposure[store] = exposure.GetValueOrDefault(store) + delta;
        }
    }

    private void Record(JournalBatch batch, Submitted submitted)
    {
        if (Trail is not { } trail)
        {
            return;
        }

        if (submitted.Own is not null)
        {
            trail.AddTo(batch, submitted.Own);
        }

        foreach (var act in submitted.Acts)
        {
            trail.AddTo(batch, act);
        }
    }

    private readonly record struct Submitted(JournalBatch Batch, IReadOnlyDictionary<StoreId, Exposure>? Exposure, Action Release, AuditEntry? Own, IReadOnlyList<AuditEntry> Acts);

    private readonly record struct Written(Task<long> Commit, IReadOnlyList<NewRecord> Records, List<Action> Releases);
}
