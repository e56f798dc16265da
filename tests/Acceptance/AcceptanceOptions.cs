using System.Globalization;

namespace SyncHub.Acceptance;

/// <summary>What to replay, and under how many outages.</summary>
public sealed record AcceptanceOptions
{
    /// <summary>A file of the trace format, or the name of a made trace: salons, tourists, families.</summary>
    public string Trace { get; init; } = "salons";

    /// <summary>The share of time for which each store is offline, percent.</summary>
    public double DowntimePercent { get; init; } = 0.6;

    /// <summary>Onto how many stores the trace is folded; 0 = as many as it names.</summary>
    public int Stores { get; init; }

    /// <summary>How many outage schedules are averaged.</summary>
    public int Seeds { get; init; } = 3;

    /// <summary>How many purchases are replayed; 0 = all.</summary>
    public int Receipts { get; init; }

    /// <summary>Only policies whose name contains this; empty = all.</summary>
    public string Only { get; init; } = "";

    /// <summary>Reads the command line.</summary>
    /// <exception cref="ArgumentException">An unknown option, or one without a usable value.</exception>
    public static AcceptanceOptions Parse(IReadOnlyList<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var options = new AcceptanceOptions();
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : throw new ArgumentException($"{arguments[i]} needs a value.", nameof(arguments));
            options = arguments[i] switch
            {
                "--trace" => options with { Trace = value },
                "--downtime" => options with { DowntimePercent = Number(value) },
                "--stores" => options with { Stores = Count(value) },
                "--seeds" => options with { Seeds = Count(value) },
                "--receipts" => options with { Receipts = Count(value) },
                "--only" => options with { Only = value },
                _ => throw new ArgumentException($"There is no option {arguments[i]}.", nameof(arguments)),
            };
        }

        return options is { DowntimePercent: > 0 and < 100, Seeds: > 0 } ? options
            : throw new ArgumentException("--downtime must be above 0 and below 100, --seeds 1 or more.", nameof(arguments));
    }

    private static double Number(string text) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number
        : throw new ArgumentException($"'{text}' is no number.", nameof(text));

    private static int Count(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new ArgumentException($"'{text}' is no whole number.", nameof(text));
}
