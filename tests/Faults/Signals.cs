using System.Runtime.InteropServices;

namespace SyncHub.Faults.Tests;

/// <summary>What the operating system can do to a process.</summary>
internal static class Signals
{
    private const int Sigcont = 18;
    private const int Sigstop = 19;

    /// <summary>The process stands still, with its sockets open, as a machine does that swaps or is moved by its host.</summary>
    public static void Stop(int pid) => Send(pid, Sigstop);

    /// <summary>It goes on as if nothing had been.</summary>
    public static void Continue(int pid) => Send(pid, Sigcont);

    private static void Send(int pid, int signal)
    {
        if (Kill(pid, signal) != 0)
        {
            throw new InvalidOperationException($"Signal {signal} did not reach process {pid}.");
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
