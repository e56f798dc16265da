using SyncHub.Storage;

namespace SyncHub.Hub.Grains;

/// <summary>One partition's turn: takes messages in, lets the partition decide, hands its batches to the pipeline.</summary>
/// <remarks>
/// One thread at a time has the turn, of the pool or the one that brought a message (<see cref="Errands"/>). The partition goes on deciding while earlier
/// batches are on their way to the disk, as many as <see cref="PartitionSettings.BatchesUnderWay"/>. Thread-safe.
/// </remarks>
internal sealed class PartitionLoop(Partition partition, PartitionSettings settings, CommitPipeline pipeline) : IInbox, IErrand
{
    private readonly Lock _gate = new();
    private readonly Queue<GrainMessage> _inbox = new();
    private readonly List<GrainMessage> _taken = []; // of whoever has the turn
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isTaken = true; // the turn; nobody's before the start
    private bool _isComplete;
    private int _underWay;

    /// <inheritdoc/>
    public int ActiveGrains => partition.ActiveGrains;

    /// <inheritdoc/>
    public void Post(GrainMessage message)
    {
        lock (_gate)
        {
            if (_isComplete)
            {
                return;
            }

            _inbox.Enqueue(message);
            if (!TryTake())
            {
                return;
            }
        }

        Errands.Start(this);
    }

    /// <summary>Takes no more messages; what <see cref="RunAsync"/> returned completes after those that wait.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _isComplete = true;
            EndWhereEmpty();
        }
    }

    /// <summary>Handles messages from now on.</summary>
    /// <returns>Completes when it is completed and has none left, or could not go on.</returns>
    public Task RunAsync()
    {
        EndTurn();
        return _ended.Task;
    }

    /// <inheritdoc/>
    public void Execute() => Run(isAlone: false);

    /// <summary>Has the turn: decides one batch. What is left then is the pool's.</summary>
    public void Run(bool isAlone)
    {
        try
        {
            Take();
            var batch = partition.Decide(_taken);
            _taken.Clear();
            pipeline.Submit(batch.Journal, batch.Exposure, () => OnReleased(batch), batch.Acts, isAlone);
            if (partition.Evict() is { } snapshots)
            {
                pipeline.Submit(snapshots, null, static () => { }, []);
            }
        }
        catch (JournalException fault)
        {
            // Parking the op would blame it for the disk or for another hub; what this one holds in memory may be ahead of the journal, or behind it.
            pipeline.Fail(fault);
            _ended.TrySetResult();
            return;
        }
        catch (Exception fault)
        {
            _ended.TrySetException(fault); // and nobody has the turn again
            return;
        }

        EndTurn();
    }

    private void Take()
    {
        lock (_gate)
        {
            while (_taken.Count < settings.BatchMessages && _inbox.TryDequeue(out var message))
            {
                _taken.Add(message);
            }

            _underWay++;
        }
    }

    private void OnReleased(Batch batch)
    {
        partition.Released(batch);
        lock (_gate)
        {
            _underWay--;
            if (!TryTake())
            {
                return;
            }
        }

        Errands.Start(this);
    }

    private void EndTurn()
    {
        lock (_gate)
        {
            _isTaken = false;
            if (!TryTake())
            {
                EndWhereEmpty();
                return;
            }
        }

        Errands.Leave(this);
    }

    // Under the gate.
    private bool TryTake() => !_isTaken && _inbox.Count > 0 && _underWay < settings.BatchesUnderWay && (_isTaken = true);

    private void EndWhereEmpty()
    {
        if (_isComplete && !_isTaken && _inbox.Count == 0)
        {
            _ended.TrySetResult();
        }
    }
}
