using System.Diagnostics;

namespace SyncHub.Testing;

/// <summary>A small file system in memory for tests of full disks. Only root may make one, and not everywhere.</summary>
public static class SmallDisk
{
    private const int BlockBytes = 4096;

    /// <summary>Makes a folder a file system of its own. False where that is not allowed: the test skips itself, and says so.</summary>
    public static bool TryMount(string folder, int megabytes, string mode = "700") =>
        OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m,mode={mode}", "tmpfs", folder);

    /// <summary>Makes it read-only, or writable again. False where the system does not do that under an open file.</summary>
    public static bool SetReadOnly(string folder, bool isReadOnly) => Run("mount", "-o", isReadOnly ? "remount,ro" : "remount,rw", folder);

    /// <summary>Takes it away, whoever still has a file open in it.</summary>
    public static void Unmount(string folder) => Run("umount", "-l", folder);

    /// <summary>Fills it to the last block.</summary>
    public static void Fill(string folder)
    {
        using var filler = File.OpenWrite(Filler(folder));
        var block = new byte[BlockBytes];
        try
        {
            while (true)
            {
                filler.Write(block);
                filler.Flush(flushToDisk: true);
            }
        }
        catch (IOException)
        {
            // Full, as wanted.
        }
    }

    /// <summary>Frees what <see cref="Fill"/> took.</summary>
    public static void MakeSpace(string folder) => File.Delete(Filler(folder));

    private static string Filler(string folder) => Path.Combine(folder, "filler");

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
