namespace SyncHub.Storage;

/// <summary>What waits to be written, in order, and whose turn it is to write. Whoever waits sleeps: it does not look again and again before it does, as the runtime's collections do.</summary>
/// <remarks>Any thread adds; one at a time has the turn, the writer's thread or a caller that found nothing waiting. At a store a commit comes every few seconds, at a hub the processor has better things to do.</remarks>
internal sealed class CommitQueue
{
    private readonly object _gate = new(); // a Lock cannot be waited on
    private readonly Queue<PendingBatch> _waiting = new();
    private bool _isComplete;
    private bool _isTaken;
    private bool _isWoken;

    /// <summary>Adds a batch for the writer's thread; false where nothing is taken any more.</summary>
    public bool TryAdd(PendingBatch batch)
    {
        lock (_gate)
        {
            if (_isComplete)
            {
                return false;
            }

            _waiting.Enqueue(batch);
            PulseIfFree();
            return true;
        }
    }

    /// <summary>Takes nothing more; what waits is still handed out.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _isComplete = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Takes the turn for a batch that would be the next one anyway; false where another one is before it. Then <see cref="End"/>.</summary>
    public bool TryBegin()
    {
        lock (_gate)
        {
            // Who was woken comes first: under load callers would else take every turn from it, and the log would never be folded into the file.
            return !_isComplete && !_isTaken && !_isWoken && _waiting.Count == 0 && (_isTaken = true);
        }
    }

    /// <summary>Gives the turn back.</summary>
    /// <param name="wakes">Whether the writer's thread shall have a turn although nothing waits.</param>
    public void End(bool wakes)
    {
        lock (_gate)
        {
            _isTaken = false;
            _isWoken |= wakes;
            PulseIfFree();
        }
    }

    /// <summary>The next batch of the same turn, now; null where none waits.</summary>
    public PendingBatch? TakeNext()
    {
        lock (_gate)
        {
            return _waiting.TryDequeue(out var batch) ? batch : null;
        }
    }

    /// <summary>What <see cref="TakeNext"/> would give.</summary>
    public PendingBatch? PeekNext()
    {
        lock (_gate)
        {
            return _waiting.TryPeek(out var batch) ? batch : null;
        }
    }

    /// <summary>Waits for a turn of the writer's thread. Then <see cref="End"/>.</summary>
    /// <param name="first">The next batch; null where it was only woken, or the time was over.</param>
    /// <param name="mostMs">After how many milliseconds without a batch it has a turn all the same.</param>
    /// <returns>False at the end, when nobody else has the turn any more.</returns>
    public bool Wait(out PendingBatch? first, int mostMs = Timeout.Infinite)
    {
        lock (_gate)
        {
            while (_isTaken || (_waiting.Count == 0 && !_isWoken && !_isComplete))
            {
                if (!Monitor.Wait(_gate, mostMs)) // never `|=`: it reads the flag before it waits, and forgets who was woken meanwhile
                {
                    _isWoken = true;
                }
            }

            _ = _waiting.TryDequeue(out first);
            _isTaken = first is not null || _isWoken;
            _isWoken = false;
            return _isTaken;
        }
    }

    private void PulseIfFree()
    {
        if (!_isTaken && (_waiting.Count > 0 || _isWoken || _isComplete))
        {
            Monitor.Pulse(_gate);
        }
    }
}
