namespace SyncHub.Hub.Grains;

/// <summary>Commits under way, in order, for the one thread that waits for them. It sleeps while it waits: it neither looks again and again nor has another thread wake it up.</summary>
/// <remarks>Any thread adds.</remarks>
internal sealed class ReleaseQueue
{
    private readonly object _gate = new(); // a Lock cannot be waited on
    private readonly Queue<Task> _waiting = new();
    private bool _isComplete;

    /// <summary>Adds a commit; nothing any more once it is completed.</summary>
    public void Add(Task commit)
    {
        lock (_gate)
        {
            if (!_isComplete)
            {
                _waiting.Enqueue(commit);
                Monitor.Pulse(_gate);
            }
        }
    }

    /// <summary>Takes nothing more; what was added is still handed out.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _isComplete = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits until the next commit has ended, well or not. False at the end.</summary>
    public bool WaitForNext()
    {
        Task? next;
        lock (_gate)
        {
            while (!_waiting.TryDequeue(out next))
            {
                if (_isComplete)
                {
                    return false;
                }

                Monitor.Wait(_gate);
            }
        }

        // Its completion sets an event on the thread that completes it; a continuation would need another one.
        ((IAsyncResult)next).AsyncWaitHandle.WaitOne();
        return true;
    }
}
