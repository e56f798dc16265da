using System.Globalization;

namespace SyncHub.Bench;

/// <summary>How much to measure. The defaults are the sizes that the aims are about, but for those that take hours.</summary>
internal sealed record BenchOptions
{
    /// <summary>The rows to run; empty: all but those that must be named.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>The engines: postgres, sqlite.</summary>
    public IReadOnlyList<string> Storage { get; init; } = ["postgres", "sqlite"];

    /// <summary>Runs of each row; the report has their median.</summary>
    public int Runs { get; init; } = 5;

    /// <summary>Seconds that one run of a row aims at.</summary>
    public int Seconds { get; init; } = 5;

    /// <summary>Members of the chain in the rows of the streams.</summary>
    public int StreamMembers { get; init; } = 10_000;

    /// <summary>Ops that each store has in backlog when it comes back.</summary>
    public int Backlog { get; init; } = 1_000;

    /// <summary>Members of the big hub.</summary>
    public int Big { get; init; } = 100_000;

    /// <summary>Records of a part of the journal in the row of parts.</summary>
    public int PartRecords { get; init; } = 500_000;

    /// <summary>Agents that are connected to the idle hub.</summary>
    public int Agents { get; init; } = 1_000;

    /// <summary>Members of the chain in the row of memory, all of them replicated to the store.</summary>
    public int Members { get; init; } = 100_000;

    /// <summary>Repetitions of each latency in the row of memory.</summary>
    public int Repetitions => Runs;

    /// <summary>Operations in one repetition of a latency.</summary>
    public int Samples { get; init; } = 200;

    /// <summary>Seconds of idleness before memory is read.</summary>
    public int IdleSeconds { get; init; } = 8;

    /// <summary>Members that are touched by one round of latencies.</summary>
    public int Active => Repetitions * Samples;

    /// <exception cref="ArgumentException">An unknown option, or numbers that do not fit together.</exception>
    public static BenchOptions Parse(string[] arguments)
    {
        var options = new BenchOptions();
        for (var i = 0; i + 1 < arguments.Length; i += 2)
        {
            var value = arguments[i + 1];
            options = arguments[i] switch
            {
                "--only" => options with { Only = value.Split(',', StringSplitOptions.RemoveEmptyEntries) },
                "--storage" => options with { Storage = value.Split(',', StringSplitOptions.RemoveEmptyEntries) },
                "--runs" => options with { Runs = Number(value) },
                "--seconds" => options with { Seconds = Number(value) },
                "--stream-members" => options with { StreamMembers = Number(value) },
                "--backlog" => options with { Backlog = Number(value) },
                "--big" => options with { Big = Number(value) },
                "--part-records" => options with { PartRecords = Number(value) },
                "--agents" => options with { Agents = Number(value) },
                "--members" => options with { Members = Number(value) },
                "--samples" => options with { Samples = Number(value) },
                "--idle" => options with { IdleSeconds = Number(value) },
                _ => throw new ArgumentException($"There is no option {arguments[i]}.", nameof(arguments)),
            };
        }

        var fits = arguments.Length % 2 == 0 && options.Runs > 0 && options.Seconds > 0 && options.Samples > 0 && options.Members >= 2 * options.Active
            && options.Storage.Count > 0 && options.Storage.All(engine => engine is "postgres" or "sqlite");
        return fits ? options : throw new ArgumentException("Each option needs a value; members must be at least 2 x runs x samples; storage is postgres, sqlite or both with a comma.", nameof(arguments));
    }

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
