namespace SyncHub.Verify;

/// <summary>How an audit is to be run.</summary>
public sealed record AuditOptions
{
    /// <summary>ISO 4217 code of the chain's money; null: the one that the balance table names.</summary>
    public string? Currency { get; init; }

    /// <summary>Connection string of the PostgreSQL database that holds the hub's journal; empty: hub.db in the hub's folder.</summary>
    public string Storage { get; init; } = "";

    /// <summary>Folder of the parts that have left that database; empty where none has.</summary>
    public string Parts { get; init; } = "";

    /// <summary>How many findings of one code are kept as examples, at least one. All are counted.</summary>
    public int ExamplesPerCode { get; init; } = 10;
}
