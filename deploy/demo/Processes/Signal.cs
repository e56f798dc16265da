using System.Runtime.InteropServices;

namespace SyncHub.Demo.Processes;

/// <summary>Asks a process to end, as an operator would.</summary>
internal static class Signal
{
    private const int Sigterm = 15;

    /// <summary>Sends SIGTERM. False where the process is gone.</summary>
    public static bool Terminate(int pid) => Kill(pid, Sigterm) == 0;

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
