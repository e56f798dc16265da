using System.Collections.Concurrent;
using SyncHub.Core.Primitives;

namespace SyncHub.Hub.Sync;

/// <summary>Every stream that is open, whether it speaks for its store or only uploads an old log, so that HQ can end them at once.</summary>
internal sealed class OpenStreams
{
    private readonly ConcurrentDictionary<IStoreConnection, StoreId> _streams = new();

    /// <summary>A stream began.</summary>
    public void Add(StoreId store, IStoreConnection stream) => _streams[stream] = store;

    /// <summary>A stream ended.</summary>
    public void Remove(IStoreConnection stream) => _streams.TryRemove(stream, out _);

    /// <summary>Ends every stream.</summary>
    public void EndAll()
    {
        foreach (var stream in _streams.Keys)
        {
            stream.End();
        }
    }

    /// <summary>Ends all streams of a store.</summary>
    public void End(StoreId store)
    {
        foreach (var (stream, _) in _streams.Where(stream => stream.Value == store))
        {
            stream.End();
        }
    }
}
