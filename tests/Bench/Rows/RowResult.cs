using SyncHub.Bench.Meters;

namespace SyncHub.Bench.Rows;

/// <summary>What a row found. Medians over runs; a ratio is the median of the ratios of each run, because only what ran side by side compares.</summary>
/// <param name="Row">Its name.</param>
/// <param name="Engine">postgres or sqlite.</param>
/// <param name="Scenario">What was done.</param>
/// <param name="Beside">The peer or limit.</param>
/// <param name="Unit">Of both numbers.</param>
/// <param name="Ours">Ours.</param>
/// <param name="Peer">Theirs.</param>
/// <param name="Ratio">Ours to theirs.</param>
/// <param name="Aim">What the ratio should be.</param>
internal sealed record RowResult(string Row, string Engine, string Scenario, string Beside, string Unit, double Ours, double Peer, double Ratio, Aim Aim)
{
    /// <summary>Of ours; null where single times say nothing.</summary>
    public Quantiles? Latency { get; init; }

    /// <summary>Of the peer.</summary>
    public Quantiles? PeerLatency { get; init; }

    /// <summary>Per op of ours.</summary>
    public Cost? Cost { get; init; }

    /// <summary>Processor time that each op of the peer took, in all processes; 0 where it was not measured. On a machine that others use, too, it compares better than a rate does.</summary>
    public double PeerCpuUs { get; init; }

    /// <summary>What else to know.</summary>
    public string Note { get; init; } = "";

    /// <summary>Each run's numbers, so that their spread can be seen.</summary>
    public IReadOnlyList<(double Ours, double Peer)> Runs { get; init; } = [];

    /// <summary>Whether the aim was met.</summary>
    public bool IsMet => Aim.IsMet(Ratio);

    /// <summary>Sums up the runs of a row.</summary>
    public static RowResult Of(string row, string engine, string scenario, string beside, string unit, Aim aim, IReadOnlyList<(double Ours, double Peer)> runs) =>
        new(row, engine, scenario, beside, unit, Quantiles.Median(runs.Select(run => run.Ours)), Quantiles.Median(runs.Select(run => run.Peer)), Quantiles.Median(runs.Select(run => run.Ours / run.Peer)), aim) { Runs = runs };
}
