using System.Text.Json;

namespace SyncHub.Verify;

/// <summary>A report for people and for programs.</summary>
public static class ReportWriter
{
    /// <summary>One line per check, the counts, then the findings with what was expected.</summary>
    /// <param name="report">The report.</param>
    /// <param name="converged">Whether what is on its way counts as wrong.</param>
    /// <param name="writer">Where to.</param>
    public static void WriteText(AuditReport report, bool converged, TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(writer);
        foreach (var check in FindingCodes.Checks)
        {
            writer.WriteLine($"{check.Number}  {check.Title,-45} {ResultOf(check, report, converged)}");
        }

        writer.WriteLine();
        writer.WriteLine($"ops: {report.OpsLogged} logged, {report.OpsApplied} applied, {report.OpsPending} pending, {report.OpsLost} lost, {report.OpsDuplicated} duplicated, {report.OpsInvented} invented, {report.OpsParked} parked");
        writer.WriteLine($"members: {report.Members}, mismatched wallets {report.WalletsMismatched}, negative amounts {report.NegativeAmounts}, ledger imbalance {report.LedgerImbalanceMinor}");
        WriteFindings("Findings", report.Findings, report, writer);
        WriteFindings(converged ? "Not settled" : "On its way (no fault while stores are offline)", report.Unsettled, report, writer);
        writer.WriteLine();
        writer.WriteLine(report.IsClean(converged) ? "The audit found nothing wrong." : "The audit FOUND FAULTS. Keep copies of the files before anything else.");
    }

    /// <summary>The same as one JSON object.</summary>
    /// <param name="report">The report.</param>
    /// <param name="converged">Whether what is on its way counts as wrong.</param>
    /// <param name="stream">Where to.</param>
    public static void WriteJson(AuditReport report, bool converged, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(report);
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteBoolean("clean", report.IsClean(converged));
        json.WriteBoolean("converged", converged);
        foreach (var (name, count) in CountsOf(report))
        {
            json.WriteNumber(name, count);
        }

        json.WriteStartObject("counts");
        foreach (var (code, count) in report.Counts.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            json.WriteNumber(code, count);
        }

        json.WriteEndObject();
        WriteFindings(json, "findings", report.Findings);
        WriteFindings(json, "unsettled", report.Unsettled);
        json.WriteEndObject();
    }

    private static (string Name, long Count)[] CountsOf(AuditReport report) =>
    [
        ("ops_logged", report.OpsLogged),
        ("ops_applied", report.OpsApplied),
        ("ops_pending", report.OpsPending),
        ("ops_lost", report.OpsLost),
        ("ops_duplicated", report.OpsDuplicated),
        ("ops_invented", report.OpsInvented),
        ("ops_parked", report.OpsParked),
        ("members", report.Members),
        ("wallets_mismatched", report.WalletsMismatched),
        ("negative_amounts", report.NegativeAmounts),
        ("ledger_imbalance_minor", report.LedgerImbalanceMinor),
    ];

    private static string ResultOf(AuditCheck check, AuditReport report, bool converged)
    {
        var unsettledCodes = report.Unsettled.Select(finding => finding.Code).ToHashSet(StringComparer.Ordinal);
        long wrong = 0, unsettled = 0;
        foreach (var code in check.Codes)
        {
            var count = report.Counts.GetValueOrDefault(code);
            (wrong, unsettled) = unsettledCodes.Contains(code) ? (wrong, unsettled + count) : (wrong + count, unsettled);
        }

        wrong += converged ? unsettled : 0;
        return wrong > 0 ? $"{wrong} finding{(wrong == 1 ? "" : "s")}" : unsettled > 0 ? $"ok, {unsettled} on its way" : "ok";
    }

    private static void WriteFindings(string title, IReadOnlyList<Finding> findings, AuditReport report, TextWriter writer)
    {
        if (findings.Count == 0)
        {
            return;
        }

        writer.WriteLine();
        writer.WriteLine($"{title}:");
        foreach (var group in findings.GroupBy(finding => finding.Code, StringComparer.Ordinal))
        {
            foreach (var finding in group)
            {
                writer.WriteLine($"  {finding}");
            }

            var more = report.Counts[group.Key] - group.Count();
            if (more > 0)
            {
                writer.WriteLine($"  {group.Key}: and {more} more");
            }
        }
    }

    private static void WriteFindings(Utf8JsonWriter json, string name, IReadOnlyList<Finding> findings)
    {
        json.WriteStartArray(name);
        foreach (var finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("code", finding.Code);
            json.WriteString("message", finding.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
