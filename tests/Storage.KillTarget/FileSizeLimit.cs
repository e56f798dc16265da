using System.Runtime.InteropServices;

namespace SyncHub.Storage.KillTarget;

/// <summary>Makes the system refuse writes beyond a file size: an I/O error that is neither simulated nor a full disk. Linux only.</summary>
internal static class FileSizeLimit
{
    private const int FileSizeResource = 1;
    private const int FileSizeSignal = 25;

    // Kept, because a registration that is collected lets the signal kill again.
    private static PosixSignalRegistration? _ignored;

    public static void Set(long bytes)
    {
        // The signal that comes with a refused write would end the process; ignored, the write fails with EFBIG.
        _ignored = PosixSignalRegistration.Create((PosixSignal)FileSizeSignal, static context => context.Cancel = true);
        var limit = new Limit { Soft = (ulong)bytes, Hard = (ulong)bytes };
        if (SetLimit(FileSizeResource, in limit) != 0)
        {
            throw new InvalidOperationException($"setrlimit: error {Marshal.GetLastPInvokeError()}");
        }
    }

    [DllImport("libc", EntryPoint = "setrlimit", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetLimit(int resource, in Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
