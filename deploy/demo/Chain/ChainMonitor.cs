using Grpc.Core;

namespace SyncHub.Demo.Chain;

/// <summary>Looks after the chain while the replay runs: backlogs, live revokes, and processes that ended by themselves.</summary>
internal sealed class ChainMonitor(StoreChain chain)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(400);

    private readonly StoreGlance[] _glances = [.. chain.Stores.Select(_ => new StoreGlance(IsUp: true, IsOnline: true, Backlog: 0))];
    private long _revokesBefore;
    private long _revokesNow;

    /// <summary>What each store last said.</summary>
    public IReadOnlyList<StoreGlance> Stores => _glances;

    /// <summary>Whether nothing is cut or down, and every store said last that it is online.</summary>
    public bool IsChainWhole() => chain.Hub.IsThere && !chain.Stores.Any(store => store.Link.IsCut) && _glances.All(store => store.IsOnline);

    /// <summary>The most ops that one store had yet to tell the hub.</summary>
    public long BiggestBacklog { get; private set; }

    /// <summary>Times that one store gave up rights for another while a member waited; what a killed hub counted last is not known.</summary>
    public long LiveRevokes => _revokesBefore + _revokesNow;

    /// <summary>Looks until it is cancelled.</summary>
    /// <exception cref="DemoException">A process ended by itself.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Pause);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            chain.ThrowIfCrashed();
            await LookAsync(cancellation);
        }
    }

    /// <summary>Looks once.</summary>
    public async Task LookAsync(CancellationToken cancellation)
    {
        await Task.WhenAll(chain.Stores.Select(store => LookAtAsync(store, cancellation)));
        BiggestBacklog = Math.Max(BiggestBacklog, _glances.Max(store => store.Backlog));
        try
        {
            if (chain.Hub.IsThere)
            {
                CountRevokes((await chain.Hub.ListStoresAsync(cancellation)).LiveRevokes);
            }
        }
        catch (RpcException) when (!cancellation.IsCancellationRequested)
        {
            // It was killed in the meantime, or is starting; a crash shows at the next look.
        }
    }

    private async Task LookAtAsync(Store store, CancellationToken cancellation)
    {
        var said = await store.TryStatusAsync(cancellation);
        _glances[store.Index] = said is null
            ? _glances[store.Index] with { IsUp = false, IsOnline = false }
            : new StoreGlance(IsUp: true, said.Online, said.BacklogOps);
    }

    private void CountRevokes(long now)
    {
        if (now < _revokesNow)
        {
            _revokesBefore += _revokesNow; // a hub that started anew counts from zero
        }

        _revokesNow = now;
    }
}

/// <summary>A store at one moment.</summary>
internal readonly record struct StoreGlance(bool IsUp, bool IsOnline, long Backlog);
