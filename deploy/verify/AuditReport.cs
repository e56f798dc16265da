namespace SyncHub.Verify;

/// <summary>What an audit counted and found.</summary>
/// <remarks>A snapshot of one moment; it holds no file open.</remarks>
public sealed class AuditReport
{
    /// <summary>Ops in the given agents' logs, and at the hub for stores whose log was not given.</summary>
    public required long OpsLogged { get; init; }

    /// <summary>Ops that the hub holds and has applied; ops about no member count as soon as they lie there.</summary>
    public required long OpsApplied { get; init; }

    /// <summary>Ops that a store logged and the hub does not have yet.</summary>
    public required long OpsPending { get; init; }

    /// <summary>Ops that the hub says it has and has not, or holds without having applied them.</summary>
    public required long OpsLost { get; init; }

    /// <summary>Applications of an op beyond the first.</summary>
    public required long OpsDuplicated { get; init; }

    /// <summary>Ops at the hub that their store never logged.</summary>
    public required long OpsInvented { get; init; }

    /// <summary>Ops kept without moving value, because they are defective or of a newer version.</summary>
    public required long OpsParked { get; init; }

    /// <summary>Members with at least one record.</summary>
    public required long Members { get; init; }

    /// <summary>Members whose wallet is not what their events add up to.</summary>
    public required long WalletsMismatched { get; init; }

    /// <summary>Negative pools, rights, wallets and agents' lines.</summary>
    public required long NegativeAmounts { get; init; }

    /// <summary>How far balances and records are from zero, minor units, over all assets; capped at the largest 64-bit number.</summary>
    public required long LedgerImbalanceMinor { get; init; }

    /// <summary>What is wrong: the first examples of each code.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>What is on its way: wrong only once all stores are online and everything has settled. The first examples of each code.</summary>
    public required IReadOnlyList<Finding> Unsettled { get; init; }

    /// <summary>How many of each code were found, examples or not.</summary>
    public required IReadOnlyDictionary<string, long> Counts { get; init; }

    /// <summary>What each member owns at the hub as the audit adds it up, by the member's 128-bit id.</summary>
    public required IReadOnlyDictionary<UInt128, WalletTotals> Wallets { get; init; }

    /// <summary>Whether nothing is wrong.</summary>
    /// <param name="converged">Whether everything should have settled, so that what is on its way counts as wrong.</param>
    public bool IsClean(bool converged) => Findings.Count == 0 && (!converged || Unsettled.Count == 0);
}

/// <summary>What a member owns.</summary>
/// <param name="MoneyMinor">Principal and bonus, minor units.</param>
/// <param name="Points">Points.</param>
public readonly record struct WalletTotals(Int128 MoneyMinor, Int128 Points);
