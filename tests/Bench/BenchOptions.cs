using System.Globalization;

namespace SyncHub.Bench;

/// <summary>How much to measure. The defaults are the sizes that the aims are about.</summary>
internal sealed record BenchOptions
{
    /// <summary>Members of the chain, all of them replicated to the store.</summary>
    public int Members { get; init; } = 100_000;

    /// <summary>Repetitions of each latency; the report has their median.</summary>
    public int Repetitions { get; init; } = 5;

    /// <summary>Operations in one repetition. Repetitions × samples members are active in the hub when it is measured.</summary>
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
            var value = int.Parse(arguments[i + 1], NumberStyles.None, CultureInfo.InvariantCulture);
            options = arguments[i] switch
            {
                "--members" => options with { Members = value },
                "--repetitions" => options with { Repetitions = value },
                "--samples" => options with { Samples = value },
                "--idle" => options with { IdleSeconds = value },
                _ => throw new ArgumentException($"There is no option {arguments[i]}.", nameof(arguments)),
            };
        }

        var fits = arguments.Length % 2 == 0 && options.Repetitions > 0 && options.Samples > 0 && options.Members >= 2 * options.Active;
        return fits ? options : throw new ArgumentException("Each option needs a number, and members must be at least 2 x repetitions x samples.", nameof(arguments));
    }
}
