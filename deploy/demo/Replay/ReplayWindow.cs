namespace SyncHub.Demo.Replay;

/// <summary>How many visits may be under way: in the whole chain, and at each store.</summary>
/// <remarks>
/// A visit that waits for something other than an answer, such as the member's visit before it or a till that is down, gives its
/// place back meanwhile, so that one dead store does not stop the chain. Places are always taken in the order chain, store: a
/// visit that holds a store's place only ever waits for that store's answer, so nothing can wait in a circle.
/// </remarks>
public sealed class ReplayWindow : IDisposable
{
    private readonly SemaphoreSlim _waiting;
    private readonly SemaphoreSlim _chain;
    private readonly SemaphoreSlim[] _stores;

    /// <summary>A window.</summary>
    /// <param name="waiting">Visits begun and not over, waiting ones included.</param>
    /// <param name="inFlight">Visits with a call under way.</param>
    /// <param name="perStore">Those at one store.</param>
    /// <param name="stores">How many stores there are.</param>
    public ReplayWindow(int waiting, int inFlight, int perStore, int stores)
    {
        _waiting = new SemaphoreSlim(waiting);
        _chain = new SemaphoreSlim(inFlight);
        _stores = [.. Enumerable.Range(0, stores).Select(_ => new SemaphoreSlim(perStore))];
    }

    /// <summary>Waits until a visit may begin; it then has a place in the chain.</summary>
    public async Task BeginAsync(CancellationToken cancellation)
    {
        await _waiting.WaitAsync(cancellation);
        await _chain.WaitAsync(cancellation);
    }

    /// <summary>The place of a visit that has begun; disposing of it ends the visit.</summary>
    public Place PlaceAt(int store) => new(this, store);

    /// <inheritdoc/>
    public void Dispose()
    {
        _waiting.Dispose();
        _chain.Dispose();
        foreach (var store in _stores)
        {
            store.Dispose();
        }
    }

    /// <summary>What one visit holds of the window.</summary>
    public sealed class Place : IDisposable
    {
        private readonly ReplayWindow _window;
        private readonly SemaphoreSlim _store;
        private bool _isInChain = true;
        private bool _isAtStore;

        internal Place(ReplayWindow window, int store)
        {
            _window = window;
            _store = window._stores[store];
        }

        /// <summary>Waits for <paramref name="before"/> without a place in the way of others, then for a place at the store.</summary>
        public async Task EnterAsync(Task before, CancellationToken cancellation)
        {
            ArgumentNullException.ThrowIfNull(before);
            if (!before.IsCompleted)
            {
                Leave();
                await before.WaitAsync(cancellation);
            }

            if (!_isInChain)
            {
                await _window._chain.WaitAsync(cancellation);
                _isInChain = true;
            }

            if (!_isAtStore)
            {
                await _store.WaitAsync(cancellation);
                _isAtStore = true;
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            Leave();
            _window._waiting.Release();
        }

        private void Leave()
        {
            if (_isAtStore)
            {
                _store.Release();
                _isAtStore = false;
            }

            if (_isInChain)
            {
                _window._chain.Release();
                _isInChain = false;
            }
        }
    }
}
