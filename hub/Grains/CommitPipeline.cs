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
/// </remarks>
internal sealed class CommitPipeline(IJournal journal, StoreRegistry stores, ILogger<CommitPipeline> log)
{
    private readonly Lock _order = new();
    // Decided on what grains and registry hold in memory: after one that failed, that is ahead of the journal.
    private readonly BatchChain _chain = new();
    private readonly Queue<(Task<long> Commit, Action Release)> _underWay = new();
    private readonly Channel<Task> _commits = Channel.CreateUnbounded<Task>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _releasedPosition = journal.LastPosition;

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
    public void Submit(JournalBatch batch, IReadOnlyDictionary<StoreId, Exposure>? exposure, Action release, IReadOnlyList<AuditEntry>? acts = null)
    {
        var own = acts is null ? DoorCall.Current?.TakeAct() : null;
        // The lock makes three orders one: the journal's, the effects' and that of the store rows that ride along.
        lock (_order)
        {
            if (_failed.Task.IsCompleted)
            {
                return;
            }

            stores.AddTo(batch, exposure);
            Record(batch, own, acts);
            batch.Chain = _chain;
            var commit = journal.CommitAsync(batch);
            if (Switches.IsOff(Mechanism.CommitBeforeSend))
            {
                release();
                release = static () => { };
            }

            _underWay.Enqueue((commit, release));
            _commits.Writer.TryWrite(commit);
        }
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
        (Task<long> Commit, Action Release) next;
        lock (_order)
        {
            if (_failed.Task.IsCompleted || !_underWay.TryPeek(out next) || !next.Commit.IsCompleted)
            {
                return false;
            }

            _underWay.Dequeue();
        }

        try
        {
            var position = next.Commit.GetAwaiter().GetResult();
            next.Release();
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

            return false;
        }
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

    /// <summary>Takes no more batches; <see cref="RunAsync"/> ends after those under way.</summary>
    public void Complete() => _commits.Writer.TryComplete();

    private void Record(JournalBatch batch, AuditEntry? own, IReadOnlyList<AuditEntry>? acts)
    {
        if (Trail is not { } trail)
        {
            return;
        }

        if (own is not null)
        {
            trail.AddTo(batch, own);
        }

        foreach (var act in acts ?? [])
        {
            trail.AddTo(batch, act);
        }
    }
}
