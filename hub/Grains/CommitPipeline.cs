using System.Threading.Channels;
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
/// is written once per batch (sums of exposure, seals, answers) is then written once for hundreds of decisions, and a decision alone waits for nobody.
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
    private readonly Queue<(Task<long> Commit, List<Action> Release)> _underWay = new();
    private readonly Queue<Submitted> _gathering = new();
    private readonly Channel<Task> _commits = Channel.CreateUnbounded<Task>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _releasedPosition = journal.LastPosition;
    private bool _isCompleting;
    private bool _isBroken;
    private bool _isHere; // a caller commits and releases on its own thread; all others gather meanwhile
    private bool _isReleasing;

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

            var submitted = new Submitted(batch, exposure, release, own, acts ?? []);
            if (!mayBeHere || !IsIdle)
            {
                _gathering.Enqueue(submitted);
                CommitGathered();
                return;
            }

            Record(batch, submitted);
            _isHere = true;
        }

        CommitHere(batch, exposure, release);
    }

    /// <summary>Releases effects, in order, until the pipeline is completed or a commit fails.</summary>
    public async Task RunAsync()
    {
        await foreach (var commit in _commits.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            await commit.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!ReleaseNext())
            {
                return;
            }
        }
    }

    /// <summary>Releases what the oldest commit under way let out, if it is durable.</summary>
    /// <returns>False where nothing is under way, the oldest commit is not done, or one failed.</returns>
    public bool ReleaseNext()
    {
        (Task<long> Commit, List<Action> Release) next;
        lock (_order)
        {
            if (_failed.Task.IsCompleted || !_underWay.TryPeek(out next) || !next.Commit.IsCompleted)
            {
                return false;
            }

            _underWay.Dequeue();
            _isReleasing = true;
            if (next.Commit.IsCompletedSuccessfully)
            {
                CommitGathered(); // before anything is sent: the disk does not wait for the senders
            }
        }

        var isReleased = Release(next.Commit, next.Release);
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

    /// <summary>The hub has to stop, because the journal cannot be read.</summary>
    public void Fail(Exception fault)
    {
        log.LogCritical(fault, "The journal cannot be read; the hub stops. Stores go on offline. {Reason}", fault.Message);
        lock (_order)
        {
            _failed.TrySetResult(fault);
        }

        _commits.Writer.TryComplete();
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

    // Under the lock. Nothing that came before is on its way to the disk or out.
    private bool IsIdle => !_isHere && !_isReleasing && !_isBroken && !_isCompleting && _underWay.Count == 0 && _gathering.Count == 0;

    private void CommitHere(JournalBatch batch, IReadOnlyDictionary<StoreId, Exposure>? exposure, Action release)
    {
        var commit = Commit(batch, exposure, isHere: true);
        lock (_order)
        {
            // What has gathered meanwhile goes to the disk before anything is sent, as always, and the pipeline's own thread keeps the order.
            if (!commit.IsCompletedSuccessfully || _gathering.Count > 0)
            {
                _isHere = false;
                Enqueue(commit, [release]);
                CommitGathered();
                return;
            }
        }

        if (Release(commit, [release]))
        {
            lock (_order)
            {
                _isHere = false;
                CommitGathered();
            }
        }
    }

    private bool Release(Task<long> commit, List<Action> releases)
    {
        try
        {
            var position = commit.GetAwaiter().GetResult();
            releases.ForEach(static release => release());
            Interlocked.Exchange(ref _releasedPosition, Math.Max(_releasedPosition, position));
            return true;
        }
        catch (Exception fault)
        {
            log.LogCritical(fault, "A commit failed; the hub stops. Stores go on offline. {Reason}", fault.Message);
            lock (_order)
            {
                _failed.TrySetResult(fault);
                _commits.Writer.TryComplete();
            }

            return false;
        }
    }

    // Under the lock.
    private void Enqueue(Task<long> commit, List<Action> releases)
    {
        _underWay.Enqueue((commit, releases));
        _commits.Writer.TryWrite(commit);
    }

    // Under the lock.
    private void CommitGathered()
    {
        while (!_isBroken && !_isHere && _underWay.Count < MostUnderWay && _gathering.TryDequeue(out var first))
        {
            var batch = first.Batch;
            var exposure = first.Exposure;
            var releases = new List<Action> { first.Release };
            if (_gathering.Count > 0)
            {
                (batch, var sum) = (new JournalBatch(GatheredRecords()), new Dictionary<StoreId, Exposure>());
                var balances = new BalanceSum();
                Append(batch, sum, balances, first);
                while (_gathering.TryPeek(out var next) && batch.Records.Count + next.Batch.Records.Count <= LargestCommit && batch.Facts.Count + next.Batch.Facts.Count <= LargestCommit)
                {
                    Append(batch, sum, balances, _gathering.Dequeue());
                    releases.Add(next.Release);
                }

                balances.AddTo(batch);
                exposure = sum;
            }
            else
            {
                Record(batch, first);
            }

            Enqueue(Commit(batch, exposure, isHere: false), releases);
        }

        CompleteWhenAllAreUnderWay();
    }

    // Lists that grow by doubling would cost as much again as what they hold.
    private int GatheredRecords()
    {
        var records = 0;
        foreach (var submitted in _gathering)
        {
            records += submitted.Batch.Records.Count;
            if (records >= LargestCommit)
            {
                return LargestCommit;
            }
        }

        return records;
    }

    // Whoever submitted the batch is gone by now: one that cannot be written at all ends the hub, as one that the disk refuses does.
    private Task<long> Commit(JournalBatch batch, IReadOnlyDictionary<StoreId, Exposure>? exposure, bool isHere)
    {
        try
        {
            stores.AddTo(batch, exposure);
            batch.Chain = Switches.IsOff(Mechanism.BatchesBreakTogether) ? null : _chain;
            return isHere ? journal.CommitHereAsync(batch) : journal.CommitAsync(batch);
        }
        catch (Exception fault)
        {
            _isBroken = true;
            return Task.FromException<long>(fault);
        }
    }

    private void CompleteWhenAllAreUnderWay()
    {
        if (_isCompleting && !_isHere && _gathering.Count == 0)
        {
            _commits.Writer.TryComplete();
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
}
