using System.Globalization;

namespace SyncHub.Bench.Meters;

/// <summary>What processes have used so far, as the kernel counts it.</summary>
/// <param name="CpuMs">Processor time, user and system.</param>
/// <param name="WrittenBytes">Bytes that went towards a disk.</param>
internal readonly record struct ProcessUse(double CpuMs, long WrittenBytes)
{
    // Linux counts in hundredths of a second on every machine that .NET runs on.
    private const double MsPerTick = 10;

    /// <summary>One process; nothing where it has ended.</summary>
    public static ProcessUse Of(int pid) => Read(pid, withChildren: false);

    /// <summary>This process and those of its children that have ended.</summary>
    public static ProcessUse OfSelf() => Read(Environment.ProcessId, withChildren: true);

    /// <summary>A process, those of its children that live, and those that ended.</summary>
    public static ProcessUse OfFamily(int parent) =>
        ChildrenOf(parent).Select(pid => Read(pid, withChildren: false)).Append(Read(parent, withChildren: true)).Aggregate((one, other) => new ProcessUse(one.CpuMs + other.CpuMs, one.WrittenBytes + other.WrittenBytes));

    /// <summary>The living children of a process.</summary>
    public static IEnumerable<int> ChildrenOf(int parent) =>
        Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && FieldsOf(pid) is { } fields && fields[1] == parent.ToString(CultureInfo.InvariantCulture));

    private static ProcessUse Read(int pid, bool withChildren)
    {
        if (FieldsOf(pid) is not { } fields)
        {
            return default;
        }

        // From field 3 on: 14 and 15 are the process's own time, 16 and 17 that of children that ended.
        var ticks = Number(fields[11]) + Number(fields[12]) + (withChildren ? Number(fields[13]) + Number(fields[14]) : 0);
        return new ProcessUse(ticks * MsPerTick, WrittenBy(pid));
    }

    private static string[]? FieldsOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' '); // a name may have spaces and brackets
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long WrittenBy(int pid)
    {
        try
        {
            const string Key = "write_bytes:";
            return Number(File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/io")).First(line => line.StartsWith(Key, StringComparison.Ordinal))[Key.Length..]);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
