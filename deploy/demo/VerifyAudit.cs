using SyncHub.Core.Primitives;
using SyncHub.Demo.Reports;
using SyncHub.Verify;

namespace SyncHub.Demo;

/// <summary>The product's own audit, in the words of the demo.</summary>
internal static class VerifyAudit
{
    /// <summary>The audit of a chain whose hub has its journal in a database, or in its folder where <paramref name="storages"/> are none.</summary>
    public static Auditor Of(IReadOnlyList<string> storages) => (cell, hubFolder, agentFolders, isConverged) => Run(hubFolder, storages.Count == 0 ? "" : storages[cell - 1], agentFolders, isConverged);

    private static AuditResult Run(string hubFolder, string storage, IReadOnlyList<string> agentFolders, bool isConverged)
    {
        var report = Audit.Run(hubFolder, agentFolders, new AuditOptions { Storage = storage });
        return new AuditResult
        {
            OpsLogged = report.OpsLogged,
            OpsApplied = report.OpsApplied,
            OpsPending = report.OpsPending,
            OpsLost = report.OpsLost,
            OpsDuplicated = report.OpsDuplicated,
            WalletsMismatched = report.WalletsMismatched,
            LedgerImbalanceMinor = report.LedgerImbalanceMinor,
            Findings = [.. report.Findings.Concat(isConverged ? report.Unsettled : []).Select(finding => finding.ToString())],
            WalletsMinor = report.Wallets.ToDictionary(wallet => new MemberId(wallet.Key).ToString(), wallet => (long)wallet.Value.MoneyMinor, StringComparer.Ordinal),
        };
    }
}
