namespace SyncHub.Demo;

/// <summary>What the person who starts the demo may choose.</summary>
public sealed record DemoOptions
{
    /// <summary>A trace of receipts, CSV or gzipped CSV; null for the sample beside the repository, else a synthetic one.</summary>
    public string? TracePath { get; init; }

    /// <summary>How many stores the trace's stores are mapped onto; each is one agent process.</summary>
    public int Stores { get; init; } = 8;

    /// <summary>Hub processes on one database, of which one leads; in each cell.</summary>
    public int Hubs { get; init; } = 1;

    /// <summary>Databases that share the members, each with hubs of its own.</summary>
    public int Cells { get; init; } = 1;

    /// <summary>Share of store-time without network, 0 to 100.</summary>
    public int OutagePercent { get; init; } = 6;

    /// <summary>Decides outages, kills and the synthetic trace; the same seed gives the same schedule.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>At most this many receipts of the trace; null for all.</summary>
    public int? Receipts { get; init; }

    /// <summary>Where the databases and logs of this run lie. Emptied at the start, if an earlier demo made it.</summary>
    public string DataFolder { get; init; } = Path.Combine("artifacts", "demo", "run");

    /// <summary>Where the numbers of the run are written, as JSON.</summary>
    public string SummaryPath { get; init; } = Path.Combine("artifacts", "demo", "summary.json");

    /// <summary>Leave the data folder behind after a good run. After a bad one it always stays.</summary>
    public bool KeepData { get; init; }

    /// <summary>Connection strings of empty PostgreSQL databases, one for each cell; empty = files in the run's folder.</summary>
    public IReadOnlyList<string> Storages { get; init; } = [];

    /// <summary>The rules that the hub starts with.</summary>
    public string Preset { get; init; } = "youzan";

    /// <summary>The <c>synchub</c> program to run as hub and agents; null for the one that runs now.</summary>
    public string? Program { get; init; }

    /// <summary>An older <c>synchub</c> as which hub and agents start, to be replaced by the newer one while the chain runs; null for none.</summary>
    public string? OlderProgram { get; init; }

    /// <summary>Everything that is wrong with the choices, each as a sentence; empty where nothing is.</summary>
    public IReadOnlyList<string> FindFaults()
    {
        var faults = new List<string>();
        AddUnless(Stores is >= 2 and <= 64, $"--stores must be 2 to 64; it is {Stores}.");
        AddUnless(Hubs is >= 1 and <= 4, $"--hubs must be 1 to 4; it is {Hubs}.");
        AddUnless(Cells is >= 1 and <= 4, $"--cells must be 1 to 4; it is {Cells}.");
        AddUnless(Storages.Count == 0 || Storages.Count == Cells, $"--storage names {Storages.Count} databases, but there are {Cells} cells. Give one for each.");
        AddUnless(Hubs == 1 || Storages.Count > 0, "--hubs: several hubs need a PostgreSQL database (--storage).");
        AddUnless(OutagePercent is >= 0 and <= 100, $"--outage must be 0 to 100 (percent); it is {OutagePercent}.");
        AddUnless(Receipts is null or > 0, $"--receipts must be above 0; it is {Receipts}.");
        AddUnless(TracePath is null || File.Exists(TracePath), $"--trace {TracePath} does not exist.");
        AddUnless(OlderProgram is null || File.Exists(OlderProgram), $"The older program {OlderProgram} does not exist.");
        AddUnless(Program is null || File.Exists(Program), $"The program {Program} does not exist.");
        return faults;

        void AddUnless(bool isRight, string fault)
        {
            if (!isRight)
            {
                faults.Add(fault);
            }
        }
    }
}
