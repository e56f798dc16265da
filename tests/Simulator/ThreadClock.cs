using System.Runtime.InteropServices;

namespace SyncHub.Simulator;

/// <summary>Processor time of the thread that asks: what else the machine does hardly changes it.</summary>
internal static class ThreadClock
{
    private const int OfThread = 3; // CLOCK_THREAD_CPUTIME_ID of Linux

    /// <summary>So far; zero where the system does not say.</summary>
    public static TimeSpan Now => OperatingSystem.IsLinux() && Read(OfThread, out var time) == 0 ? new TimeSpan((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / TimeSpan.NanosecondsPerTick)) : default;

    [DllImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Read(int clock, out Time time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Time(long Seconds, long Nanoseconds);
}
