using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace SyncHub.Bench.Meters;

/// <summary>Counts the syncs of the disk that processes ask for, with the kernel's trace points (Debian's linux-perf). Where it is not there, nothing is counted.</summary>
internal sealed class SyncCount
{
    private const int Sigint = 2;
    private readonly Process? _perf;

    private SyncCount(Process? perf) => _perf = perf;

    /// <summary>Starts to count.</summary>
    public static SyncCount Start(IEnumerable<int> pids)
    {
        if (!File.Exists("/usr/bin/perf"))
        {
            return new SyncCount(null);
        }

        string[] arguments = ["stat", "-x", ",", "-e", "syscalls:sys_enter_fsync,syscalls:sys_enter_fdatasync", "-p", string.Join(',', pids.Select(pid => pid.ToString(CultureInfo.InvariantCulture)))];
        return new SyncCount(Process.Start(new ProcessStartInfo("/usr/bin/perf", arguments) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false }));
    }

    /// <summary>Ends it.</summary>
    /// <returns>How many there were; null where they could not be counted.</returns>
    public async Task<long?> StopAsync()
    {
        if (_perf is not { } perf)
        {
            return null;
        }

        using (perf)
        {
            _ = Kill(perf.Id, Sigint);
            var text = await perf.StandardError.ReadToEndAsync();
            await perf.WaitForExitAsync();
            long[] counts = [.. text.Split('\n').Where(line => line.Contains("sys_enter_f", StringComparison.Ordinal))
                .Select(line => long.TryParse(line.Split(',')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : -1)];
            return counts.Length == 0 || counts.Min() < 0 ? null : counts.Sum();
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
