using System.Globalization;

namespace SyncHub.Bench;

/// <summary>Memory of a process as the kernel counts it, in KiB.</summary>
/// <param name="ResidentKib">VmRSS: what it has now.</param>
/// <param name="PeakKib">VmHWM: the most it ever had.</param>
/// <param name="AnonymousKib">RssAnon: heaps and stacks; the rest of the resident set is files, mostly shared code.</param>
internal readonly record struct ProcessMemory(long ResidentKib, long PeakKib, long AnonymousKib)
{
    /// <summary>The median of some readings, a second apart.</summary>
    public static async Task<ProcessMemory> ReadAsync(int pid, int readings, CancellationToken cancellation)
    {
        var seen = new List<ProcessMemory>();
        for (var i = 0; i < readings; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), cancellation);
            seen.Add(await ReadAsync(pid, cancellation));
        }

        return seen.OrderBy(memory => memory.ResidentKib).ElementAt(seen.Count / 2);
    }

    private static async Task<ProcessMemory> ReadAsync(int pid, CancellationToken cancellation)
    {
        var lines = await File.ReadAllLinesAsync(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/status"), cancellation);
        return new ProcessMemory(Kib(lines, "VmRSS:"), Kib(lines, "VmHWM:"), Kib(lines, "RssAnon:"));
    }

    private static long Kib(string[] lines, string key) =>
        long.Parse(lines.First(line => line.StartsWith(key, StringComparison.Ordinal))[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
}
