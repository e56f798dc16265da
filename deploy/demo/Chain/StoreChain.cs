using SyncHub.Demo.Links;
using SyncHub.Demo.Processes;

namespace SyncHub.Demo.Chain;

/// <summary>The chain of the demo: a hub and its stores, each a process of its own.</summary>
internal sealed class StoreChain : IAsyncDisposable
{
    private StoreChain(Hub hub, IReadOnlyList<Store> stores)
    {
        Hub = hub;
        Stores = stores;
    }

    /// <summary>The centre.</summary>
    public Hub Hub { get; }

    /// <summary>The branches.</summary>
    public IReadOnlyList<Store> Stores { get; }

    /// <summary>Starts all of it and waits until it listens.</summary>
    public static async Task<StoreChain> OpenAsync(Programs programs, RunFolder folder, DemoOptions options, CancellationToken cancellation)
    {
        var hub = await Hub.StartAsync(programs, folder, options, cancellation);
        // Enrolled side by side: each agent takes a second to start on a small machine.
        var opening = Enumerable.Range(0, options.Stores).Select(index => Store.OpenAsync(programs, index, folder.Agent(index), hub, cancellation)).ToArray();
        try
        {
            return new StoreChain(hub, await Task.WhenAll(opening));
        }
        catch
        {
            foreach (var store in opening.Where(task => task.IsCompletedSuccessfully))
            {
                await (await store).DisposeAsync();
            }

            await hub.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether a store could reach the hub now.</summary>
    public bool HasHub(Store store) => Hub.IsThere && !store.Link.IsCut;

    /// <summary>SIGKILL to the hub that leads; returns when another one leads, or at once where there is none.</summary>
    public async Task KillHubAsync(CancellationToken cancellation)
    {
        var killing = Hub.KillAsync();
        PassAll();
        await killing;
        await Hub.TakenOverAsync(cancellation);
    }

    /// <summary>The hub again, on the ports it had.</summary>
    public async Task RestartHubAsync(CancellationToken cancellation)
    {
        await Hub.RestartAsync(cancellation);
        PassAll();
    }

    /// <summary>The hubs that lead, as the newer program.</summary>
    /// <returns>Which were of the older one.</returns>
    public async Task<IReadOnlyList<HubProcess>> UpgradeHubAsync(CancellationToken cancellation)
    {
        var done = await Hub.UpgradeAsync(cancellation);
        PassAll();
        return done;
    }

    /// <summary>Every line whole.</summary>
    public void HealAll()
    {
        foreach (var store in Stores)
        {
            store.Link.Heal();
        }
    }

    /// <summary>Ends all processes as an operator would, agents first. Names those that had to be killed.</summary>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        var stopped = await Task.WhenAll(Stores.Select(store => store.StopAsync()));
        var stubborn = stopped.Index().Where(store => !store.Item).Select(store => $"agent-{store.Index + 1}").ToList();
        stubborn.AddRange(await Hub.StopAsync());
        return stubborn;
    }

    /// <summary>Speaks up where a process ended though nobody ended it.</summary>
    /// <exception cref="DemoException">One did.</exception>
    public void ThrowIfCrashed()
    {
        if (Hub.Crashed is { } hub)
        {
            throw new DemoException(hub.Obituary);
        }

        if (Stores.FirstOrDefault(store => store.HasCrashed) is { } store)
        {
            throw new DemoException(store.Obituary);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Stores.Select(store => store.DisposeAsync().AsTask()));
        await Hub.DisposeAsync();
    }

    // Each line to where its hub is now; to nowhere while that one is down.
    private void PassAll()
    {
        foreach (var (number, process) in Hub.Processes.Index())
        {
            foreach (var store in Stores)
            {
                store.Link.Pass(number, process.Address);
            }
        }
    }
}
