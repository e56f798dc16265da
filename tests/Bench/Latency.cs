using System.Diagnostics;

namespace SyncHub.Bench;

/// <summary>How long something takes, milliseconds: medians over repetitions of each repetition's p50 and p99.</summary>
/// <param name="Name">What was timed.</param>
/// <param name="P50Ms">Half of them took at most this.</param>
/// <param name="P99Ms">99 of 100 took at most this.</param>
/// <param name="Note">What to know about it.</param>
internal sealed record Latency(string Name, double P50Ms, double P99Ms, string Note)
{
    /// <summary>Sums up.</summary>
    public static Latency Of(string name, string note, IReadOnlyCollection<double[]> repetitions) =>
        new(name, Median(repetitions.Select(one => Quantile(one, 0.50))), Median(repetitions.Select(one => Quantile(one, 0.99))), note);

    /// <summary>Times an action so many times, one after another.</summary>
    public static async Task<double[]> TimeAsync(int samples, Func<int, Task> action)
    {
        var times = new double[samples];
        for (var i = 0; i < samples; i++)
        {
            var since = Stopwatch.GetTimestamp();
            await action(i);
            times[i] = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
        }

        return times;
    }

    private static double Quantile(double[] times, double part)
    {
        var ordered = times.Order().ToArray();
        return ordered[Math.Clamp((int)Math.Ceiling(part * ordered.Length) - 1, 0, ordered.Length - 1)];
    }

    private static double Median(IEnumerable<double> values) => Quantile([.. values], 0.5);
}
