using System.Collections.Concurrent;
using SyncHub.Core.Primitives;

namespace SyncHub.Hub.Sync;

/// <summary>Finds a store's link. A store has one from its first connection on, online or not.</summary>
internal sealed class LinkDirectory
{
    private readonly ConcurrentDictionary<StoreId, StoreLink> _links = new();

    /// <summary>The link of a store, or null where it never connected to this process.</summary>
    public StoreLink? Find(StoreId store) => _links.GetValueOrDefault(store);

    /// <summary>The link of a store, made where there is none.</summary>
    public StoreLink GetOrAdd(StoreId store, Func<StoreId, StoreLink> make) => _links.GetOrAdd(store, make);

    /// <summary>All links.</summary>
    public IEnumerable<StoreLink> All => _links.Values;
}
