namespace SyncHub.Demo.Reports;

/// <summary>What an independent reading of all databases found after the processes had ended.</summary>
public sealed record AuditResult
{
    /// <summary>Ops in the stores' logs.</summary>
    public required long OpsLogged { get; init; }

    /// <summary>Ops that the hub applied.</summary>
    public required long OpsApplied { get; init; }

    /// <summary>Ops logged and not yet at the hub.</summary>
    public required long OpsPending { get; init; }

    /// <summary>Ops that the hub acknowledged and does not have.</summary>
    public required long OpsLost { get; init; }

    /// <summary>Ops that the hub applied more than once.</summary>
    public required long OpsDuplicated { get; init; }

    /// <summary>Wallets at the hub that their ops do not add up to.</summary>
    public required long WalletsMismatched { get; init; }

    /// <summary>Sum of all ledger entries, minor units; anything but zero is wrong.</summary>
    public required long LedgerImbalanceMinor { get; init; }

    /// <summary>Everything that is wrong, as sentences.</summary>
    public required IReadOnlyList<string> Findings { get; init; }

    /// <summary>Money, bonus included, by member id, added up from the records.</summary>
    public required IReadOnlyDictionary<string, long> WalletsMinor { get; init; }

    /// <summary>What was found in two cells together.</summary>
    public static AuditResult Join(AuditResult left, AuditResult right) => new()
    {
        OpsLogged = left.OpsLogged + right.OpsLogged,
        OpsApplied = left.OpsApplied + right.OpsApplied,
        OpsPending = left.OpsPending + right.OpsPending,
        OpsLost = left.OpsLost + right.OpsLost,
        OpsDuplicated = left.OpsDuplicated + right.OpsDuplicated,
        WalletsMismatched = left.WalletsMismatched + right.WalletsMismatched,
        LedgerImbalanceMinor = Math.Abs(left.LedgerImbalanceMinor) + Math.Abs(right.LedgerImbalanceMinor), // each cell's books balance by themselves
        Findings = [.. left.Findings, .. right.Findings],
        WalletsMinor = new Dictionary<string, long>(left.WalletsMinor.Concat(right.WalletsMinor), StringComparer.Ordinal), // a member in both would be one too many, and throws
    };

    /// <summary>Whether nothing is wrong and nothing pending.</summary>
    public bool IsClean => (OpsPending, OpsLost, OpsDuplicated, WalletsMismatched, LedgerImbalanceMinor, Findings.Count) == (0, 0, 0, 0, 0, 0) && OpsLogged == OpsApplied;
}

/// <summary>Audits the databases of a chain whose processes have ended.</summary>
/// <param name="cell">Which cell, from 1.</param>
/// <param name="hubFolder">The hub's data.</param>
/// <param name="agentFolders">The agents' data.</param>
/// <param name="isConverged">Whether everything should have settled, so that what is still on its way counts as wrong.</param>
public delegate AuditResult Auditor(int cell, string hubFolder, IReadOnlyList<string> agentFolders, bool isConverged);
