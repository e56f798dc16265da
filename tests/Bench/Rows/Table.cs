using System.Globalization;
using System.Text;
using System.Text.Json;
using SyncHub.Bench.Meters;

namespace SyncHub.Bench.Rows;

/// <summary>The rows as files: one JSON file for each, and one table in Markdown.</summary>
internal static class Table
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, IncludeFields = true };

    /// <summary>Writes a row's file.</summary>
    public static void Write(string folder, string row, string engine, IReadOnlyList<RowResult> results)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, $"row-{row}-{engine}.json"), JsonSerializer.Serialize(results, Json) + "\n");
    }

    /// <summary>Every row that has a file, as Markdown; also those of earlier runs.</summary>
    public static string ToMarkdown(string folder)
    {
        RowResult[] results = [.. Directory.EnumerateFiles(folder, "row-*.json").Order(StringComparer.Ordinal).SelectMany(path => JsonSerializer.Deserialize<RowResult[]>(File.ReadAllText(path), Json)!)];
        var text = new StringBuilder();
        text.AppendLine("| scenario | engine | ours | beside | theirs | ratio | aim | CPU µs/op, all processes: ours | theirs | theirs to ours |");
        text.AppendLine("|---|---|---:|---|---:|---:|---|---:|---:|---:|");
        foreach (var row in results)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {row.Scenario} | {row.Engine} | {Number(row.Ours)} {row.Unit} | {row.Beside} | {Number(row.Peer)} | {row.Ratio:0.00} | {Verdict(row)} | {Cpu(row)} |");
        }

        text.AppendLine().AppendLine("| scenario | engine | p50 ms | p95 | p99 | max | beside: p50 | p99 | CPU µs/op hub | stores | agents | database | hub allocates B/op | syncs/op | written B/op |");
        text.AppendLine("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var row in results.DistinctBy(row => (row.Scenario, row.Engine)).Where(row => row.Latency is not null || row.Cost is not null))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {row.Scenario} | {row.Engine} | {Times(row.Latency)} | {Number(row.PeerLatency?.P50Ms)} | {Number(row.PeerLatency?.P99Ms)} | {Costs(row.Cost)} |");
        }

        foreach (var row in results.Where(row => row.Note.Length > 0))
        {
            text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"{row.Scenario} ({row.Engine}): {row.Note}.");
        }

        return text.ToString();
    }

    private static string Verdict(RowResult row) => row.Aim.Bound == 0 ? "" : $"{row.Aim}: {(row.IsMet ? "met" : "MISSED")}";

    private static string Cpu(RowResult row) => row is { PeerCpuUs: > 0, Cost: { } cost }
        ? string.Create(CultureInfo.InvariantCulture, $"{cost.TotalCpuUs:0.0} | {row.PeerCpuUs:0.0} | {row.PeerCpuUs / cost.TotalCpuUs:0.00}") : "- | - | -";

    private static string Times(Quantiles? times) => $"{Number(times?.P50Ms)} | {Number(times?.P95Ms)} | {Number(times?.P99Ms)} | {Number(times?.MaxMs)}";

    private static string Costs(Cost? cost) =>
        $"{Number(cost?.HubCpuUs)} | {Number(cost?.ClientCpuUs)} | {Number(cost?.AgentCpuUs)} | {Number(cost?.DatabaseCpuUs)} | {Number(cost?.HubAllocatedBytes)} | {Number(cost?.Syncs)} | {Number(cost?.WrittenBytes)}";

    private static string Number(double? number) => number is not { } value ? "-"
        : value.ToString(Math.Abs(value) switch { 0 => "0", < 0.1 => "0.0000", < 10 => "0.00", < 100 => "0.0", _ => "0" }, CultureInfo.InvariantCulture);
}
