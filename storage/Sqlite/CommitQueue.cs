using System.Diagnostics.CodeAnalysis;

namespace SyncHub.Storage.Sqlite;

/// <summary>What waits for the writer's thread, in order. Whoever waits sleeps: it does not look again and again before it does, as the runtime's collections do.</summary>
/// <remarks>Any thread adds, one takes. At a store a commit comes every few seconds, at a hub the processor has better things to do.</remarks>
internal sealed class CommitQueue
{
    private readonly object _gate = new(); // a Lock cannot be waited on
    private readonly Queue<PendingBatch> _waiting = new();
    private bool _isComplete;

    /// <summary>Adds a batch; false where nothing is taken any more.</summary>
    public bool TryAdd(PendingBatch batch)
    {
        lock (_gate)
        {
            if (_isComplete)
            {
                return false;
            }

            _waiting.Enqueue(batch);
            Monitor.Pulse(_gate);
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

    /// <summary>The next batch, now.</summary>
    public bool TryTake([NotNullWhen(true)] out PendingBatch? batch)
    {
        lock (_gate)
        {
            return _waiting.TryDequeue(out batch);
        }
    }

    /// <summary>The next batch, as soon as there is one; false at the end.</summary>
    public bool Wait([NotNullWhen(true)] out PendingBatch? batch)
    {
        lock (_gate)
        {
            while (!_waiting.TryDequeue(out batch))
            {
                if (_isComplete)
                {
                    return false;
                }

                Monitor.Wait(_gate);
            }

            return true;
        }
    }
}
