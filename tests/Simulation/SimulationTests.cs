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
        { "reclaim", 28 }, { "image", 5 }, { "clone", 4 }, { "hubrestore", 1 }, { "disk", 41 }, { "max", 117 }, { "all", 31 }, { "all", 623 }, { "clone", 1261 }, { "image", 1152 }, { "clone", 2993 }, { "versions", 3 }, { "copies", 41 }, { "forget", 145 },
        { "all", 1000563 }, { "forget", 1000251 }, { "forget", 1001047 }, { "max", 1002961 }, { "merge", 1000334 }, { "merge", 1002166 }, { "restore", 1003777 }, { "utmost", 1000143 }, { "utmost", 1001092 },
        { "utmost", 1000243 }, { "utmost", 1000733 }, { "utmost", 1000524 }, { "utmost", 1000560 }, { "utmost", 1000875 }, { "utmost", 1000281 }, { "whole", 1000520 }, { "whole", 1000135 }, { "whole", 1000968 },
        { "whole", 1001258 }, { "whole", 1000272 }, { "whole", 1000289 }, { "whole", 910198 }, { "utmost", 910013 }, { "utmost", 910169 }, { "utmost", 338 }, { "utmost", 3250 }, { "utmost", 2001427 }, { "utmost", 2000624 }, { "max", 2000781 }, { "receipts", 2002094 }, { "versions", 4003713 },
        { "signed", 177 }, { "signed", 267 }, { "entire", 23 }, { "entire", 124 }, { "twins", 7000103 }, { "handed", 8001011 }, { "utmost", 8002570 }, { "utmost", 9100966 }, { "entire", 9000160 }, { "merge", 9000757 }, { "returns", 9001459 }, { "twins", 9002114 }, { "utmost", 9001741 }, { "utmost", 9002623 }, { "max", 9202597 }, { "reclaim", 9200707 }, { "returns", 8000458 }, { "entire", 8000196 }, { "whole", 8000777 }, { "twins", 8001082 }, { "away", 102 }, { "away", 9600659 }, { "away", 9500078 }, { "whole", 9502528 }, { "utmost", 9502007 }, { "apart", 9700386 }, { "all", 9700599 }, { "entire", 9801008 }, { "apart", 9950324 }, { "entire", 9980841 }, { "upgrade", 11000011 }, { "signed", 11000009 }, { "utmost", 12100561 },
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

    [Theory]
    [MemberData(nameof(Sets))]
    public void The_audit_finds_nothing_on_the_disks_of_a_healed_run(string faults)
    {
        var outcome = Runner.Run(FaultSets.All[faults], 11, Steps, atEnd: AuditDump.Check);
        Assert.True(outcome.Violation is null, $"faults={faults} seed=11: {outcome.Violation?.Message} Look at it: make sim FAULTS={faults} SEED=11 SEEDS=1 AUDIT=1");
    }

    [Fact]
    public void A_failing_run_is_made_shorter_until_it_needs_all_that_is_left()
    {
        // Nothing is wrong with the product: the fault is a check at the end that no run with three receipts and a crash passes.
        static void Fail(World world)
        {
            if (world.Counts.GetValueOrDefault("receipts") >= 3 && world.Counts.GetValueOrDefault("agent crashes") >= 1)
            {
                throw new Violation("T0", "three receipts and a crash");
            }
        }

        var outcome = Runner.Run(FaultSets.All["whole"], 5, Steps, atEnd: Fail);
        Assert.Equal("T0", outcome.Violation?.Invariant);

        var (skipped, without) = Runner.Shrink(FaultSets.All["whole"], outcome, Steps, Fail);

        Assert.InRange(Steps - skipped.Count, 4, 12);
        Assert.Equal(Fault.Crash, FaultSets.All["whole"] & ~without & (Fault.Crash | Fault.Split | Fault.Disk | Fault.Merge));
        Assert.Equal("T0", Runner.Run(FaultSets.All["whole"], 5, Steps, skipped, null, without, Fail).Violation?.Invariant);
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
