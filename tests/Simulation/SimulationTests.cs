using SyncHub.Simulator;
using Xunit;
using Xunit.Abstractions;

namespace SyncHub.Simulation.Tests;

/// <summary>A handful of fixed seeds and a random one for every set of faults; `make sim` runs many.</summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int Steps = 400;

    public static TheoryData<string> Sets => [.. FaultSets.All.Keys];

    /// <summary>Seeds that broke an invariant once, with the set that they broke it in.</summary>
    public static TheoryData<string, long> Scars => new()
    {
        { "reclaim", 28 }, { "image", 5 }, { "clone", 4 }, { "hubrestore", 1 }, { "disk", 41 }, { "max", 117 }, { "all", 31 }, { "all", 623 }, { "clone", 1261 }, { "image", 1152 }, { "clone", 2993 }, { "versions", 3 },
    };

    [Theory]
    [MemberData(nameof(Sets))]
    public void No_invariant_breaks_in_the_fixed_seeds(string faults)
    {
        for (var seed = 1; seed <= 15; seed++)
        {
            Demand(faults, seed);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void No_invariant_breaks_in_a_random_seed(string faults)
    {
        var seed = Random.Shared.NextInt64(1_000_000, long.MaxValue / 2);
        output.WriteLine($"faults={faults} seed={seed}");
        Demand(faults, seed);
    }

    [Theory]
    [MemberData(nameof(Scars))]
    public void A_seed_that_broke_an_invariant_once_does_not_break_it_again(string faults, long seed) => Demand(faults, seed);

    [Theory]
    [MemberData(nameof(Sets))]
    public void The_same_seed_is_the_same_run(string faults)
    {
        // I20
        var first = Runner.Run(FaultSets.All[faults], 7, Steps);
        var second = Runner.Run(FaultSets.All[faults], 7, Steps);
        Assert.Equal(first.TraceHash, second.TraceHash);
        Assert.Equal(first.Counts, second.Counts);
    }

    [Fact]
    public void A_run_can_be_told_step_by_step()
    {
        var lines = new List<string>();

        Runner.Run(FaultSets.All["base"], 3, 200, trace: lines.Add);

        Assert.Contains(lines, static line => line.Contains("Hello", StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.Contains("fact", StringComparison.Ordinal));
    }

    private static void Demand(string faults, long seed)
    {
        var outcome = Runner.Run(FaultSets.All[faults], seed, Steps);
        Assert.True(outcome.Violation is null, $"faults={faults} seed={seed} step={outcome.Step}: {outcome.Violation?.Message} Look at it: make sim FAULTS={faults} SEED={seed} TRACE=1");
    }
}
