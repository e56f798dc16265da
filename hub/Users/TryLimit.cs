namespace SyncHub.Hub.Users;

/// <summary>How long to wait after so many wrong tries in a row: twice as long after each, up to a quarter of an hour.</summary>
internal sealed class TryLimit(TimeProvider time)
{
    private const int FreeTriesOfUser = 5;
    private const int FreeTriesOfAddress = 20;
    private const int MostKeys = 10_000; // what strangers can make the hub remember
    private const long LongestMs = 15 * 60 * 1000;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (int Wrong, long LastMs)> _tries = new(StringComparer.Ordinal);

    /// <summary>Until when a user must wait, Unix milliseconds; 0 = not at all.</summary>
    public static long LockedUntilMs(int wrongTries, long lastWrongMs) => UntilMs(wrongTries, lastWrongMs, FreeTriesOfUser);

    /// <summary>Takes one try of a name that nobody has; refused while it must wait, as that of a user would be.</summary>
    /// <returns>Until when to wait; 0 where the try may be made.</returns>
    public long TakeOfName(string name) => Take("name " + name, FreeTriesOfUser);

    /// <summary>Takes one try of an address.</summary>
    /// <returns>Until when to wait; 0 where the try may be made.</returns>
    public long TakeOfAddress(string address) => Take("from " + address, FreeTriesOfAddress);

    /// <summary>A try of an address was right.</summary>
    public void Forget(string address)
    {
        lock (_gate)
        {
            _tries.Remove("from " + address);
        }
    }

    private long Take(string key, int free)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_gate)
        {
            var (wrong, last) = _tries.GetValueOrDefault(key);
            var until = UntilMs(wrong, last, free);
            if (until > now)
            {
                return until;
            }

            if (_tries.Count >= MostKeys && !_tries.ContainsKey(key))
            {
                _tries.Remove(_tries.MinBy(entry => entry.Value.LastMs).Key);
            }

            _tries[key] = (wrong + 1, now);
            return 0;
        }
    }

    private static long UntilMs(int wrong, long lastMs, int free) =>
        wrong < free ? 0 : lastMs + Math.Min(LongestMs, 1000L << Math.Min(20, wrong - free));
}
