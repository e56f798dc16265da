namespace SyncHub.Demo.Traces;

/// <summary>Finds the trace of a run: the file asked for, else the sample beside the repository, else a synthetic one.</summary>
public static class TraceSource
{
    private static readonly string Sample = Path.Combine("..", "shared", "data", "complete_journey_sample.csv.gz");

    /// <summary>Reads or makes it, at most as many receipts as were asked for.</summary>
    /// <exception cref="DemoException">There is nothing to replay.</exception>
    public static Trace Open(DemoOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var path = options.TracePath ?? FindSample(Directory.GetCurrentDirectory());
        var trace = path is null
            ? SyntheticTrace.Make(options.Seed, options.Receipts ?? SyntheticTrace.DefaultReceipts)
            : TraceReader.Read(path);
        return trace.Rows.Count == 0
            ? throw new DemoException($"{trace.Source} holds no receipt of a member ({trace.BadLines.Count} lines could not be read). Choose another --trace.")
            : trace.Take(options.Receipts ?? int.MaxValue);
    }

    private static string? FindSample(string from)
    {
        for (var folder = new DirectoryInfo(from); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "global.json")))
            {
                var sample = Path.GetFullPath(Path.Combine(folder.FullName, Sample));
                return File.Exists(sample) ? sample : null;
            }
        }

        return null;
    }
}
