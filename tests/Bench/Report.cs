using System.Globalization;
using System.Text;
using System.Text.Json;

namespace SyncHub.Bench;

/// <summary>One reading of a process's memory, with the aim beside it.</summary>
/// <param name="Process">hub or agent.</param>
/// <param name="State">What it had done before.</param>
/// <param name="Members">How many members it keeps.</param>
/// <param name="Active">How many of them are in memory as grains; null where there are none.</param>
/// <param name="AimMb">What it is meant to stay below; null where the aim is about another state.</param>
/// <param name="Memory">The reading.</param>
internal sealed record MemoryReading(string Process, string State, long Members, long? Active, int? AimMb, ProcessMemory Memory);

/// <summary>Everything that a run found.</summary>
internal sealed class Report
{
    private const double KibPerMib = 1024;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Readings of memory.</summary>
    public List<MemoryReading> Memory { get; } = [];

    /// <summary>Times of single ops.</summary>
    public List<Latency> Latencies { get; } = [];

    /// <summary>What else to know.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Writes memory.json and memory.md into a folder.</summary>
    /// <returns>The paths, for people.</returns>
    public string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        var markdown = Path.Combine(folder, "memory.md");
        var json = Path.Combine(folder, "memory.json");
        File.WriteAllText(markdown, ToMarkdown());
        File.WriteAllText(json, JsonSerializer.Serialize(this, Json) + "\n");
        return $"{markdown} and {json}";
    }

    /// <summary>The report as Markdown tables.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine("| process | state | members | active | RSS MiB | of it heap | peak MiB | aim MB |");
        text.AppendLine("|---|---|---:|---:|---:|---:|---:|---|");
        foreach (var reading in Memory)
        {
            var memory = reading.Memory;
            text.AppendLine(CultureInfo.InvariantCulture, $"| {reading.Process} | {reading.State} | {reading.Members} | {reading.Active?.ToString(CultureInfo.InvariantCulture) ?? "-"} | {memory.ResidentKib / KibPerMib:0.0} | {memory.AnonymousKib / KibPerMib:0.0} | {memory.PeakKib / KibPerMib:0.0} | {AimOf(reading)} |");
        }

        text.AppendLine();
        text.AppendLine("| one after another | p50 ms | p99 ms | |");
        text.AppendLine("|---|---:|---:|---|");
        foreach (var latency in Latencies)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {latency.Name} | {latency.P50Ms:0.00} | {latency.P99Ms:0.00} | {latency.Note} |");
        }

        text.AppendLine();
        foreach (var note in Notes)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"- {note}");
        }

        return text.ToString();
    }

    private static string AimOf(MemoryReading reading) => reading.AimMb is not { } aim ? "-"
        : string.Create(CultureInfo.InvariantCulture, $"< {aim}: {(reading.Memory.ResidentKib * 1024 < aim * 1_000_000L ? "met" : "MISSED")}");
}
