namespace SyncHub.Bench.Rows;

/// <summary>What a row of streams sends before its first run.</summary>
/// <remarks>The hub's code is compiled anew while it runs, for tens of seconds; a run in the midst of that is of another program than the next one.</remarks>
internal static class WarmUp
{
    private const int LeastPasses = 3;
    private const int MostPasses = 6;
    private const double NoFaster = 1.05;

    /// <summary>Sends until it becomes no faster.</summary>
    /// <param name="options">How long a run takes.</param>
    /// <param name="least">Ops of the first pass, and the fewest of a run.</param>
    /// <param name="most">Most ops of a run.</param>
    /// <param name="sendAsync">Sends so many; ops/s.</param>
    /// <returns>How many ops a run is to send.</returns>
    public static async Task<int> RunAsync(BenchOptions options, int least, int most, Func<int, Task<double>> sendAsync)
    {
        var (ops, best) = (least, 0.0);
        for (var pass = 1; pass <= MostPasses; pass++)
        {
            var rate = await sendAsync(ops);
            ops = (int)Math.Clamp(rate * options.Seconds, least, most);
            if (pass >= LeastPasses && rate < best * NoFaster)
            {
                break;
            }

            best = Math.Max(best, rate);
        }

        return ops;
    }
}
