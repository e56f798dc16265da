namespace SyncHub.GrpcBench.Measure;

/// <summary>What one pair did under one work: medians of the rounds.</summary>
/// <param name="Work">The load.</param>
/// <param name="Pair">Who loaded whom.</param>
/// <param name="PerSecond">Calls or messages per second.</param>
/// <param name="P50Us">Of round trips, microseconds; 0 where there are none.</param>
/// <param name="P99Us">Of round trips.</param>
/// <param name="ServerCpuUs">Processor time of the server per message, microseconds.</param>
/// <param name="ClientCpuUs">Processor time of the client per message; 0 for h2load.</param>
/// <param name="ServerBytes">What the server allocated per message; 0 where nothing counts it.</param>
/// <param name="ClientBytes">What the client allocated per message.</param>
internal sealed record Measurement(
    string Work,
    string Pair,
    double PerSecond,
    double P50Us,
    double P99Us,
    double ServerCpuUs,
    double ClientCpuUs,
    double ServerBytes,
    double ClientBytes)
{
    /// <summary>The medians, figure by figure.</summary>
    public static Measurement MedianOf(IReadOnlyCollection<Measurement> rounds)
    {
        return rounds.First() with
        {
            PerSecond = Median(one => one.PerSecond),
            P50Us = Median(one => one.P50Us),
            P99Us = Median(one => one.P99Us),
            ServerCpuUs = Median(one => one.ServerCpuUs),
            ClientCpuUs = Median(one => one.ClientCpuUs),
            ServerBytes = Median(one => one.ServerBytes),
            ClientBytes = Median(one => one.ClientBytes),
        };

        double Median(Func<Measurement, double> figure) => rounds.Select(figure).Order().ElementAt((rounds.Count - 1) / 2);
    }
}
