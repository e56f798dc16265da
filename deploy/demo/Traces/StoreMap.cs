namespace SyncHub.Demo.Traces;

/// <summary>Maps the many stores of a trace onto the few of the demo: by order of first appearance, modulo their number.</summary>
public sealed class StoreMap
{
    private readonly Dictionary<string, int> _ranks = new(StringComparer.Ordinal);
    private readonly int _stores;

    /// <summary>Of these rows, onto this many stores.</summary>
    public StoreMap(IEnumerable<TraceRow> rows, int stores)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfLessThan(stores, 1);
        _stores = stores;
        foreach (var row in rows)
        {
            _ranks.TryAdd(row.Store, _ranks.Count);
        }
    }

    /// <summary>How many stores the trace names.</summary>
    public int NamedStores => _ranks.Count;

    /// <summary>The demo's store, from 0, of one of the trace's stores.</summary>
    /// <exception cref="KeyNotFoundException">The name is not in the rows that the map was made of.</exception>
    public int this[string store] => _ranks[store] % _stores;
}
