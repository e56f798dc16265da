using SyncHub.Core.Primitives;
using SyncHub.Demo.Reports;
using SyncHub.Verify;

namespace SyncHub.Demo;

/// <summary>The product's own audit, in the words of the demo.</summary>
internal static class VerifyAudit
{
    /// <summary>Audits the files of a chain.</summary>
    public static AuditResult Run(string hubFolder, IReadOnlyList<string> agentFolders, bool isConverged)
    {
        var report = Audit.Run(hubFolder, agentFolders, new AuditOptions());
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
