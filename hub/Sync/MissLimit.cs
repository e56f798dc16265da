using SyncHub.Core.Primitives;

namespace SyncHub.Hub.Sync;

/// <summary>How many phones and cards that nobody has a store may ask for: a shop meets a few strangers an hour, and whoever stole its machine would try all numbers there are to find the chain's members.</summary>
/// <remarks>
/// Who is found is on record, because the store follows the member from then on; who is not found is counted here. Thread-safe. It is of this process: a hub that starts
/// again gives the whole of it again.
/// </remarks>
internal sealed class MissLimit(TimeProvider time)
{
    /// <summary>How many at once: more than a shop's new customers of months, and few among all numbers of a country.</summary>
    public const int AtOnce = 10_000;

    private const long OneInMs = 1000; // and from then on one a second
    private const long SayEachMs = 60_000;
    private readonly Lock _gate = new();
    private readonly Dictionary<StoreId, (long PaidUntilMs, long SaidAtMs)> _stores = [];

    /// <summary>Takes one.</summary>
    /// <param name="store">Whose.</param>
    /// <param name="isNews">Whether nobody was told lately that it has none left.</param>
    /// <returns>Whether it had one left.</returns>
    public bool Take(StoreId store, out bool isNews)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_gate)
        {
            var (paidUntil, said) = _stores.GetValueOrDefault(store);
            paidUntil = Math.Clamp(paidUntil, now, now + (AtOnce * OneInMs)); // a clock that was set back must not lock for years
            if (paidUntil + OneInMs > now + (AtOnce * OneInMs))
            {
                isNews = now - said >= SayEachMs || now < said;
                _stores[store] = (paidUntil, isNews ? now : said);
                return false;
            }

            isNews = false;
            _stores[store] = (paidUntil + OneInMs, said);
            return true;
        }
    }
}
