namespace SyncHub.Agent.Sync;

/// <summary>How long an agent waits before it calls a hub again.</summary>
/// <remarks>
/// Pure; chance is given, so that `make scale` calls with the same numbers as a process. Steps double from 100 ms to 5 s, and each wait is drawn from the upper half
/// of its step, also at the longest one: stores that lost the hub at the same moment must not come back at the same moment, however long they waited.
/// </remarks>
internal static class HubBackoff
{
    /// <summary>The longest wait; a store is back within this time and a handshake.</summary>
    public static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FirstStep = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);
    private const int MostDoublings = 6; // 6.4 s, beyond the longest

    /// <summary>The wait after a round of calls of which none came to a connection.</summary>
    /// <param name="round">Rounds that failed before this one.</param>
    /// <param name="chance">0 to 1.</param>
    public static TimeSpan After(int round, double chance)
    {
        var step = FirstStep * (1 << Math.Min(round, MostDoublings));
        return (step < LongestDelay ? step : LongestDelay) * (0.5 + (chance / 2));
    }

    /// <summary>The wait between two hubs of one round.</summary>
    /// <param name="chance">0 to 1.</param>
    public static TimeSpan WithinRound(double chance) => LongestPause * chance;
}
