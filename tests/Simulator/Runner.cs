using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace SyncHub.Simulator;

/// <summary>What came of one seed.</summary>
internal sealed record Outcome(long Seed, Violation? Violation, int Step, ulong TraceHash, IReadOnlyDictionary<string, long> Counts)
{
    /// <summary>Processor time of its steps and the checks after them, without that of starting its world and settling it.</summary>
    public TimeSpan InSteps { get; init; }

    /// <summary>Trace and counts in one number: two programs that have the same one for a seed did the same.</summary>
    public ulong Digest => Counts.Aggregate((TraceHash * 31) + (ulong)Seed, static (sum, count) => (count.Key.Aggregate(sum, static (text, letter) => (text ^ letter) * 1099511628211UL) ^ (ulong)count.Value) * 1099511628211UL);
}

/// <summary>Runs seeds: one, many, or one again and shorter.</summary>
internal static class Runner
{
    private const int SecondRunEvery = 20;

    /// <summary>Looks at the disks of every healed run; set once, before the runs.</summary>
    public static Action<World>? AtEnd { get; set; }

    /// <summary>One seed, leaving out the steps of <paramref name="skipped"/> and the faults of <paramref name="without"/>.</summary>
    public static Outcome Run(Fault faults, long seed, int steps, IReadOnlySet<int>? skipped = null, Action<string>? trace = null, Fault without = Fault.None, Action<World>? atEnd = null)
    {
        var step = -1;
        World? world = null;
        try
        {
            world = new World(seed, faults, trace, without);
            var began = ThreadClock.Now;
            for (step = 0; step < steps; step++)
            {
                if (skipped is null || !skipped.Contains(step))
                {
                    world.Do(step);
                }
            }

            var inSteps = ThreadClock.Now - began;
            world.Heal();
            (atEnd ?? AtEnd)?.Invoke(world);
            return new Outcome(seed, null, steps, world.TraceHash, world.Counts) { InSteps = inSteps };
        }
        catch (Violation violation)
        {
            return new Outcome(seed, violation, step, world?.TraceHash ?? 0, world?.Counts ?? new SortedDictionary<string, long>());
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            return new Outcome(seed, new Violation("I0", fault.ToString()), step, world?.TraceHash ?? 0, world?.Counts ?? new SortedDictionary<string, long>());
        }
    }

    /// <summary>Many seeds on all cores. Prints one line, and the first violations with what makes them short.</summary>
    public static int Campaign(string name, Fault faults, long first, long seeds, int steps, bool counts)
    {
        var bad = new ConcurrentBag<Outcome>();
        var totals = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var mismatches = 0;
        var runs = 0L;
        var digest = 0UL;
        var (measured, inSteps) = (0L, 0L);
        var clock = Stopwatch.StartNew();
        var cpu = Environment.CpuUsage.TotalTime;
        Parallel.ForEach(Partitioner.Create(first, first + seeds, Math.Max(1, Math.Min(50, seeds / Environment.ProcessorCount))), range =>
        {
            var own = new SortedDictionary<string, long>(StringComparer.Ordinal);
            for (var seed = range.Item1; seed < range.Item2; seed++)
            {
                var outcome = Run(faults, seed, steps);
                Interlocked.Increment(ref runs);
                Interlocked.Add(ref digest, outcome.Digest);
                foreach (var (what, count) in outcome.Counts)
                {
                    own[what] = own.GetValueOrDefault(what) + count;
                }

                if (outcome.Violation is not null)
                {
                    bad.Add(outcome);
                }
                else
                {
                    Interlocked.Increment(ref measured);
                    Interlocked.Add(ref inSteps, outcome.InSteps.Ticks);
                }

                if (outcome.Violation is null && seed % SecondRunEvery == 0)
                {
                    Interlocked.Increment(ref runs);
                    if (Run(faults, seed, steps).TraceHash != outcome.TraceHash)
                    {
                        Interlocked.Increment(ref mismatches);
                    }
                }
            }

            lock (totals)
            {
                foreach (var (what, count) in own)
                {
                    totals[what] = totals.GetValueOrDefault(what) + count;
                }
            }
        });
        var perSecond = runs * steps / Math.Max(0.001, clock.Elapsed.TotalSeconds);
        // Of processor time, which what else the machine does hardly changes; starting and settling worlds is in it, and not among the steps.
        var perCpuSecond = runs * steps / Math.Max(0.001, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
        var perStepSecond = measured * steps / Math.Max(0.001, TimeSpan.FromTicks(inSteps).TotalSeconds);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"faults={name} seeds={seeds} first={first} steps={steps} violations={bad.Count} trace_mismatches={mismatches} digest={digest:x16} steps_per_s={perSecond:0} on {Environment.ProcessorCount} cores, steps_per_cpu_s={perCpuSecond:0} in_steps={perStepSecond:0}"));
        if (counts)
        {
            Console.WriteLine("  " + string.Join(", ", totals.Select(total => $"{total.Key} {total.Value}")));
        }

        foreach (var group in bad.GroupBy(outcome => outcome.Violation!.Invariant).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var example = group.OrderBy(outcome => outcome.Seed).First();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {group.Key} x{group.Count()}: seed {example.Seed} at step {example.Step}: {Shorten(example.Violation!.Message)}"));
        }

        return bad.Count + mismatches;
    }

    /// <summary>The violation with the lowest seed among those that the cores find first; null where none of the seeds has one.</summary>
    public static Outcome? FindFirst(Fault faults, long first, long seeds, int steps)
    {
        Outcome? found = null;
        var gate = new Lock();
        Parallel.For(first, first + seeds, (seed, loop) =>
        {
            if (Run(faults, seed, steps) is { Violation: not null } outcome)
            {
                loop.Break();
                lock (gate)
                {
                    found = found is null || outcome.Seed < found.Seed ? outcome : found;
                }
            }
        });
        return found;
    }

    /// <summary>Runs one seed, leaves out what it does not need to fail, and tells the rest step by step.</summary>
    public static int Show(Fault faults, long seed, int steps)
    {
        var outcome = Run(faults, seed, steps);
        if (outcome.Violation is null)
        {
            Run(faults, seed, steps, null, Console.WriteLine);
            Console.WriteLine($"seed {seed}: no violation in {steps} steps");
            return 0;
        }

        var (skipped, without) = Shrink(faults, outcome, steps);
        var end = Math.Min(steps, outcome.Step + 1);
        Console.WriteLine($"seed {seed} violates {outcome.Violation.Invariant}; {end - skipped.Count} steps of {steps} are enough, with {faults & ~without}:");
        var last = Run(faults, seed, end, skipped, Console.WriteLine, without);
        Console.WriteLine(last.Violation?.Message);
        return 1;
    }

    /// <summary>What a failing run does not need to fail by the same invariant: kinds of faults, then ever smaller stretches of steps, until nothing more can go.</summary>
    public static (IReadOnlySet<int> Skipped, Fault Without) Shrink(Fault faults, Outcome outcome, int steps, Action<World>? atEnd = null)
    {
        var end = Math.Min(steps, outcome.Step + 1);
        var (skipped, without) = (new SortedSet<int>(), Fault.None);
        bool StillFails(SortedSet<int> fewer, Fault off) => Run(faults, outcome.Seed, end, fewer, null, off, atEnd).Violation?.Invariant == outcome.Violation!.Invariant;
        foreach (var fault in Enum.GetValues<Fault>().Where(fault => fault != Fault.None && faults.HasFlag(fault)))
        {
            without |= StillFails(skipped, without | fault) ? fault : Fault.None;
        }

        for (var (length, before) = (Math.Max(1, end / 2), -1); length >= 1; length = length == 1 && skipped.Count > before ? 1 : length / 2)
        {
            before = skipped.Count;
            for (var from = 0; from < end; from += length)
            {
                var tried = new SortedSet<int>(skipped);
                tried.UnionWith(Enumerable.Range(from, Math.Min(length, end - from)));
                if (tried.Count > skipped.Count && StillFails(tried, without))
                {
                    skipped = tried;
                }
            }
        }

        return (skipped, without);
    }

    private static string Shorten(string text) => text.Length > 700 ? text[..700] + " ..." : text;
}
