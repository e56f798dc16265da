namespace SyncHub.Hub.Grains;

/// <summary>Finds a thread for work that was set going: the one that brought it, at the end of what it does, or the pool.</summary>
/// <remarks>
/// An op that comes alone would else go from thread to thread on its way to the disk and back, and each of them has to wake up first, which takes as long
/// as deciding. Not at once: whoever sets work going may hold locks that the work needs. Where more than one errand came together the pool
/// takes all but the last, so that they run side by side. One instance per thread.
/// </remarks>
internal sealed class Errands
{
    // A change that fifty stores follow is sent by many threads and not by one.
    private const int MostHere = 4;

    [ThreadStatic]
    private static Errands? _ofThread;

    private readonly Queue<IErrand> _waiting = new();
    private bool _isOpen;

    /// <summary>Runs <paramref name="work"/>, and then, on this thread, what it set going. <paramref name="work"/> must hold no lock when it returns.</summary>
    public static T After<TState, T>(TState state, Func<TState, T> work)
    {
        var own = _ofThread ??= new Errands();
        if (own._isOpen)
        {
            return work(state); // within another one, which runs what comes of it
        }

        own._isOpen = true;
        try
        {
            var result = work(state);
            own.RunAll();
            return result;
        }
        finally
        {
            own._isOpen = false;
            own.LeaveToPool(0);
        }
    }

    /// <summary>Sets work going. It never runs before this returns.</summary>
    public static void Start(IErrand errand)
    {
        if (_ofThread is { _isOpen: true } own)
        {
            own._waiting.Enqueue(errand);
        }
        else
        {
            Leave(errand);
        }
    }

    /// <summary>Leaves work to the pool, whoever sets it going.</summary>
    public static void Leave(IErrand errand) => ThreadPool.UnsafeQueueUserWorkItem(errand, preferLocal: false);

    private void RunAll()
    {
        var isAlone = _waiting.Count == 1;
        LeaveToPool(1);
        while (_waiting.TryDequeue(out var errand))
        {
            errand.Run(isAlone);
            if (_waiting.Count > MostHere)
            {
                LeaveToPool(1);
            }
        }
    }

    private void LeaveToPool(int but)
    {
        while (_waiting.Count > but)
        {
            Leave(_waiting.Dequeue());
        }
    }
}
