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
    public static async Task<StoreChain> OpenAsync(SynchubProgram program, RunFolder folder, DemoOptions options, CancellationToken cancellation)
    {
        var hub = await Hub.StartAsync(program, folder, options.Preset, options.Storage, cancellation);
        // Enrolled side by side: each agent takes a second to start on a small machine.
        var opening = Enumerable.Range(0, options.Stores).Select(index => Store.OpenAsync(program, index, folder.Agent(index), hub, cancellation)).ToArray();
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
    public bool HasHub(Store store) => Hub.Address is not null && !store.Link.IsCut;

    /// <summary>SIGKILL to the hub.</summary>
    public async Task KillHubAsync()
    {
        PassAll(to: null);
        await Hub.KillAsync();
    }

    /// <summary>The hub again, on the ports it had.</summary>
    public async Task RestartHubAsync(CancellationToken cancellation)
    {
        await Hub.RestartAsync(cancellation);
        PassAll(Hub.Address);
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
        PassAll(to: null);
        var stubborn = stopped.Index().Where(store => !store.Item).Select(store => $"agent-{store.Index + 1}").ToList();
        if (!await Hub.StopAsync())
        {
            stubborn.Add("hub");
        }

        return stubborn;
    }

    /// <summary>Speaks up where a process ended though nobody ended it.</summary>
    /// <exception cref="DemoException">One did.</exception>
    public void ThrowIfCrashed()
    {
        if (Hub.HasCrashed)
        {
            throw new DemoException(Hub.Obituary);
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

    private void PassAll(System.Net.IPEndPoint? to)
    {
        foreach (var store in Stores)
        {
            store.Link.Pass(to);
        }
    }
}
