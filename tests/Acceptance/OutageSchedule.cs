using SyncHub.Demo;

namespace SyncHub.Acceptance;

/// <summary>When each store has no network: outages of three hours in the mean, so that each store is offline for the wanted share of the time.</summary>
/// <remarks>Lengths and gaps are exponential, as in the model that the aims come from. The same seed gives the same outages.</remarks>
public sealed class OutageSchedule
{
    private const double MeanOutageMs = 3 * 3_600_000.0;

    private readonly long[][] _starts;
    private readonly long[][] _ends;

    /// <summary>Outages of <paramref name="stores"/> stores between two times.</summary>
    public OutageSchedule(int stores, long fromMs, long toMs, double downtimePercent, ulong seed)
    {
        var meanGapMs = (MeanOutageMs * 100 / downtimePercent) - MeanOutageMs;
        _starts = new long[stores][];
        _ends = new long[stores][];
        for (var store = 0; store < stores; store++)
        {
            var random = new SplitMix64(unchecked((seed * 1_000_003) + (ulong)store));
            var (starts, ends) = (new List<long>(), new List<long>());
            for (var at = fromMs; at < toMs; at = ends[^1] + 1)
            {
                starts.Add(at + Exponential(random, meanGapMs));
                ends.Add(starts[^1] + Exponential(random, MeanOutageMs));
            }

            (_starts[store], _ends[store]) = ([.. starts], [.. ends]);
        }
    }

    /// <summary>When the outage ends in which <paramref name="store"/> is at <paramref name="atMs"/>; null while it is online.</summary>
    public long? EndOf(int store, long atMs)
    {
        var index = Array.BinarySearch(_starts[store], atMs);
        index = index >= 0 ? index : ~index - 1;
        return index >= 0 && atMs < _ends[store][index] ? _ends[store][index] : null;
    }

    private static long Exponential(SplitMix64 random, double meanMs)
    {
        var uniform = ((random.Next() >> 11) + 1) / 9007199254740993.0; // above 0, below 1
        return 1 + (long)(-Math.Log(uniform) * meanMs);
    }
}
