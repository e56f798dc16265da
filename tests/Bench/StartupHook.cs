using System.Globalization;

// The runtime calls it at the start of a process that names this assembly in DOTNET_STARTUP_HOOKS; name and place are the runtime's choice.
/// <summary>Inside of a measured process: says in a file, ten times a second, how much memory it has allocated. The process itself knows nothing of it.</summary>
internal static class StartupHook
{
    /// <summary>Names the file.</summary>
    public const string Variable = "SYNCHUB_BENCH_COUNTERS";

    /// <summary>Milliseconds between two readings.</summary>
    public const int EveryMs = 100;

    /// <summary>Begins.</summary>
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path)
        {
            new Thread(() => Write(path)) { IsBackground = true, Name = "bench counters" }.Start();
        }
    }

    private static void Write(string path)
    {
        // In place, so that the file system has next to nothing to do for it.
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        Span<byte> text = stackalloc byte[20];
        while (true)
        {
            GC.GetTotalAllocatedBytes().TryFormat(text, out _, "D20", CultureInfo.InvariantCulture);
            RandomAccess.Write(file, text, 0);
            Thread.Sleep(EveryMs);
        }
    }
}
