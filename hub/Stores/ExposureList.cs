using SyncHub.Core.Primitives;

namespace SyncHub.Hub.Stores;

/// <summary>What each store may spend of one member, or has advanced: a few stores, ordered by number.</summary>
/// <remarks>Filled anew before and after each turn, so it keeps its room and neither hashes nor allocates. Not thread-safe.</remarks>
internal sealed class ExposureList
{
    private readonly List<(StoreId Store, Exposure Amount)> _stores = [];
    private int _last;

    /// <summary>How many stores.</summary>
    public int Count => _stores.Count;

    /// <summary>One of them, by its place.</summary>
    public (StoreId Store, Exposure Amount) this[int index] => _stores[index];

    /// <summary>Forgets all of them.</summary>
    public void Clear()
    {
        _stores.Clear();
        _last = 0;
    }

    /// <summary>Adds to a store's sum.</summary>
    public void Add(StoreId store, Exposure amount)
    {
        var index = IndexOf(store);
        if (index < _stores.Count && _stores[index].Store == store)
        {
            _stores[index] = (store, _stores[index].Amount + amount);
        }
        else
        {
            _stores.Insert(index, (store, amount));
        }
    }

    /// <summary>A store's sum.</summary>
    public Exposure Of(StoreId store)
    {
        var index = IndexOf(store);
        return index < _stores.Count && _stores[index].Store == store ? _stores[index].Amount : default;
    }

    // Lines are ordered by store: who comes next mostly stands next.
    private int IndexOf(StoreId store)
    {
        var index = _last < _stores.Count && _stores[_last].Store.CompareTo(store) <= 0 ? _last : 0;
        while (index < _stores.Count && _stores[index].Store.CompareTo(store) < 0)
        {
            index++;
        }

        return _last = index;
    }
}
