namespace SyncHub.Bench.Meters;

/// <summary>How times are spread, milliseconds.</summary>
/// <param name="P50Ms">Half of them took at most this.</param>
/// <param name="P95Ms">95 of 100.</param>
/// <param name="P99Ms">99 of 100.</param>
/// <param name="MaxMs">The longest.</param>
internal sealed record Quantiles(double P50Ms, double P95Ms, double P99Ms, double MaxMs)
{
    /// <summary>Of the times of one run; null where there are none.</summary>
    public static Quantiles? Of(IReadOnlyCollection<double> times) => times.Count == 0 ? null : new Quantiles(At(times, 0.5), At(times, 0.95), At(times, 0.99), times.Max());

    /// <summary>The median of each, over runs.</summary>
    public static Quantiles? Median(IReadOnlyCollection<Quantiles?> runs) => runs.Count == 0 || runs.Contains(null) ? null : new Quantiles(
        Median(runs.Select(run => run!.P50Ms)), Median(runs.Select(run => run!.P95Ms)), Median(runs.Select(run => run!.P99Ms)), Median(runs.Select(run => run!.MaxMs)));

    /// <summary>Of one thing after the other, as near as it can be said without their single times.</summary>
    public static Quantiles? Sum(Quantiles? one, Quantiles? other) => one is null || other is null ? null : new Quantiles(one.P50Ms + other.P50Ms, one.P95Ms + other.P95Ms, one.P99Ms + other.P99Ms, one.MaxMs + other.MaxMs);

    /// <summary>The median of numbers.</summary>
    public static double Median(IEnumerable<double> numbers) => At([.. numbers], 0.5);

    private static double At(IReadOnlyCollection<double> numbers, double part)
    {
        var ordered = numbers.Order().ToArray();
        return ordered[Math.Clamp((int)Math.Ceiling(part * ordered.Length) - 1, 0, ordered.Length - 1)];
    }
}
