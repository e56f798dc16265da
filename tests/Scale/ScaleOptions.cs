using System.Globalization;

namespace SyncHub.Scale;

/// <summary>What is simulated.</summary>
internal sealed record ScaleOptions
{
    /// <summary>Members of the chain.</summary>
    public long Members { get; init; } = 100_000_000;

    /// <summary>Stores.</summary>
    public int Stores { get; init; } = 100_000;

    /// <summary>Ops that all stores together log in a second.</summary>
    public int OpsPerSecond { get; init; } = 200_000;

    /// <summary>Hub processes.</summary>
    public int Hubs { get; init; } = 12;

    /// <summary>Cores of each.</summary>
    public int Cores { get; init; } = 8;

    /// <summary>Databases, each with a feed of its own.</summary>
    public int Databases { get; init; } = 12;

    /// <summary>How many hubs share the partitions of one database.</summary>
    public int HubsPerDatabase { get; init; } = 3;

    /// <summary>P.</summary>
    public int Partitions { get; init; } = 4_096;

    /// <summary>Seconds at peak before anything happens.</summary>
    public int Seconds { get; init; } = 10;

    /// <summary>How many hubs are lost at once in the second scenario of losses.</summary>
    public int Lose { get; init; } = 2;

    /// <summary>Seconds that every store is cut off before all come back at once.</summary>
    public int OutageSeconds { get; init; } = 60;

    /// <summary>The lease of partitions.</summary>
    public int LeaseMs { get; init; } = 5_000;

    /// <summary>Ops of members that are not active at their hub, per thousand.</summary>
    public int ColdPermille { get; init; } = 20;

    /// <summary>Repeats everything.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>What things cost.</summary>
    public Costs Costs { get; init; } = new();

    /// <summary>Reads "--name value" pairs.</summary>
    /// <exception cref="ArgumentException">An unknown option, or numbers that do not fit together.</exception>
    public static ScaleOptions Parse(string[] arguments)
    {
        var options = new ScaleOptions();
        for (var i = 0; i + 1 < arguments.Length; i += 2)
        {
            var value = arguments[i + 1];
            options = arguments[i] switch
            {
                "--members" => options with { Members = long.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture) },
                "--stores" => options with { Stores = Number(value) },
                "--ops" => options with { OpsPerSecond = Number(value) },
                "--hubs" => options with { Hubs = Number(value) },
                "--cores" => options with { Cores = Number(value) },
                "--databases" => options with { Databases = Number(value) },
                "--hubs-per-database" => options with { HubsPerDatabase = Number(value) },
                "--partitions" => options with { Partitions = Number(value) },
                "--seconds" => options with { Seconds = Number(value) },
                "--lose" => options with { Lose = Number(value) },
                "--outage" => options with { OutageSeconds = Number(value) },
                "--lease-ms" => options with { LeaseMs = Number(value) },
                "--seed" => options with { Seed = ulong.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture) },
                "--commit-us" => options with { Costs = options.Costs with { CommitUs = Number(value) } },
                "--connect-us" => options with { Costs = options.Costs with { ConnectUs = Number(value) } },
                _ => throw new ArgumentException($"There is no option {arguments[i]}.", nameof(arguments)),
            };
        }

        var fits = arguments.Length % 2 == 0 && options is { Members: > 0, Stores: > 0, OpsPerSecond: > 0, Hubs: > 0, Cores: > 0, Databases: > 0, Seconds: > 1, LeaseMs: >= 500 }
            && options.HubsPerDatabase >= 1 && options.HubsPerDatabase <= options.Hubs && options.Partitions >= options.Databases && options.Partitions <= 65_536 && options.Lose < options.Hubs;
        return fits ? options : throw new ArgumentException("Each option needs a value above 0; partitions: at least as many as databases, at most 65536; hubs per database: at most as many as hubs; lose fewer hubs than there are.", nameof(arguments));
    }

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
