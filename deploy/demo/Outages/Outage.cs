namespace SyncHub.Demo.Outages;

/// <summary>A stretch of the trace in which one store has no network: rows <paramref name="FromRow"/> up to, not including, <paramref name="ToRow"/>.</summary>
public readonly record struct Outage(int Store, int FromRow, int ToRow)
{
    /// <summary>Whether the store is cut off when this row is replayed.</summary>
    public bool Covers(int row) => row >= FromRow && row < ToRow;
}

/// <summary>What goes wrong at one row of the trace.</summary>
public enum MishapKind
{
    /// <summary>A store's network ends: connections break and new ones are refused.</summary>
    CutRefusing,

    /// <summary>A store's network ends: connections break and new ones meet silence.</summary>
    CutSilent,

    /// <summary>A store's network is back.</summary>
    Heal,

    /// <summary>SIGKILL to a store's agent.</summary>
    KillAgent,

    /// <summary>SIGKILL to the hub.</summary>
    KillHub,

    /// <summary>A store's agent is stopped, and started as the newer program.</summary>
    UpgradeAgent,

    /// <summary>The hub that leads is stopped, if it is of the older program, and started as the newer one.</summary>
    UpgradeHub,
}

/// <summary>One mishap, due before the row is replayed.</summary>
/// <param name="Row">Index into the trace.</param>
/// <param name="Kind">What happens.</param>
/// <param name="Store">To whom, from 0; 0 for the hub.</param>
public readonly record struct Mishap(int Row, MishapKind Kind, int Store);
