using System.Globalization;
using System.Text;
using System.Text.Json;

namespace SyncHub.GrpcBench.Measure;

/// <summary>What a run found, beside the aims.</summary>
internal sealed class Report(IReadOnlyList<Measurement> measurements, BenchOptions options)
{
    private const string Ours = "ours";
    private const string Cpp = "C++";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Writes grpc.json and grpc.md.</summary>
    /// <returns>The paths, for people.</returns>
    public string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        var markdown = Path.Combine(folder, "grpc.md");
        var json = Path.Combine(folder, "grpc.json");
        File.WriteAllText(markdown, ToMarkdown());
        File.WriteAllText(json, JsonSerializer.Serialize(new { options.Seconds, options.Rounds, Environment.ProcessorCount, Measurements = measurements, Aims = Aims() }, Json) + "\n");
        return $"{markdown} and {json}";
    }

    /// <summary>As Markdown tables.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"Messages of 200 bytes, one connection (h2load: 4), {Environment.ProcessorCount} processors shared by client and server, medians of {options.Rounds} x {options.Seconds} s.");
        foreach (var work in measurements.GroupBy(one => one.Work))
        {
            text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"| {work.Key} | per second | p50 us | p99 us | server CPU us | client CPU us | server bytes | client bytes |");
            text.AppendLine("|---|---:|---:|---:|---:|---:|---:|---:|");
            foreach (var one in work)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"| {one.Pair} | {one.PerSecond:#,0} | {Known(one.P50Us, "0")} | {Known(one.P99Us, "0")} | {one.ServerCpuUs:0.00} | {Known(one.ClientCpuUs, "0.00")} | {Known(one.ServerBytes, "0")} | {Known(one.ClientBytes, "0")} |");
            }
        }

        text.AppendLine().AppendLine("| aim | found | |").AppendLine("|---|---:|---|");
        foreach (var aim in Aims())
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {aim.Name} | {aim.Found:#,0.00} | {(aim.IsMet ? "met" : "MISSED")} |");
        }

        return text.ToString();
    }

    private static string Known(double figure, string format) => figure == 0 ? "-" : figure.ToString(format, CultureInfo.InvariantCulture);

    private List<Aim> Aims()
    {
        List<Aim?> aims =
        [
            Ratio("unary server >= 0.65 of plain Kestrel", 0.65, "unary-server", "plain Kestrel"),
            Ratio("unary server >= 2 x C++", 2, "unary-server", Cpp),
            Ratio("unary, client and server >= 0.65 of plain", 0.65, "unary", "plain HttpClient and Kestrel"),
            Ratio("unary, client and server >= 2 x C++", 2, "unary", Cpp),
            Rate("client stream >= 1,000,000 messages/s", "upload-1"),
            Rate("16 client streams >= 1,000,000 messages/s", "upload-16"),
            Rate("server stream >= 1,000,000 messages/s", "download-1"),
            Rate("16 server streams >= 1,000,000 messages/s", "download-16"),
            Ratio("16 bidirectional streams, window 64 >= 4 x C++", 4, "echo-16", Cpp),
        ];
        return [.. aims.OfType<Aim>()];
    }

    private Aim? Ratio(string name, double wanted, string work, string to) =>
        Find(work, Ours) is { } ours && Find(work, to) is { } other ? new Aim(name, wanted, ours.PerSecond / other.PerSecond) : null;

    private Aim? Rate(string name, string work) => Find(work, Ours) is { } ours ? new Aim(name, 1_000_000, ours.PerSecond) : null;

    private Measurement? Find(string work, string pair) => measurements.FirstOrDefault(one => one.Work == work && one.Pair == pair);

    private sealed record Aim(string Name, double Wanted, double Found)
    {
        public bool IsMet => Found >= Wanted;
    }
}
