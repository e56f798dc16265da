using SyncHub.Core.Cases;
using SyncHub.Core.Ledger;

namespace SyncHub.Core.Members;

/// <summary>What the hub made of a fact. It never refuses one (protocol.md, second rule).</summary>
public enum Classification
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>All as it should be.</summary>
    Normal = 1,

    /// <summary>Accepted; a named payer bears a part.</summary>
    Liability = 2,

    /// <summary>Accepted or parked; needs a person.</summary>
    Anomaly = 3,
}

/// <summary>The classification of an op, why, and its ledger transaction.</summary>
public sealed record OpOutcome(Classification Classification, string Note, LedgerTransaction Transaction)
{
    /// <summary>What kind of case it is, where the one who decided knows; else it is found from the classification.</summary>
    public CaseKind Kind { get; init; }

    /// <summary>The op in the ledger as it stands.</summary>
    public static OpOutcome Normal(LedgerTransaction transaction) => new(Classification.Normal, "", transaction);
}
