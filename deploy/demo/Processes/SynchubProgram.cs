using System.Diagnostics;

namespace SyncHub.Demo.Processes;

/// <summary>The <c>synchub</c> program: how it is started as hub, as agent, or for one command.</summary>
/// <remarks>Children write to a log file of their own and not through the demo, which would cost it a good part of its time.</remarks>
internal sealed class SynchubProgram(string path, IReadOnlyList<string> prefix, string logFolder, Watchdog watchdog)
{
    /// <summary>The named program, or the one that runs now.</summary>
    /// <exception cref="DemoException">It cannot be found out which that is.</exception>
    public static SynchubProgram Find(string? asked, string logFolder, Watchdog watchdog)
    {
        var path = asked ?? Environment.ProcessPath ?? throw new DemoException("The demo cannot tell which program it runs in; say --program PATH.");
        if (path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase))
        {
            return new SynchubProgram("dotnet", [path], logFolder, watchdog);
        }

        // "dotnet synchub.dll demo": the program is the library that dotnet was given.
        return asked is null && string.Equals(Path.GetFileNameWithoutExtension(path), "dotnet", StringComparison.OrdinalIgnoreCase)
            ? new SynchubProgram(path, [Environment.GetCommandLineArgs()[0]], logFolder, watchdog)
            : new SynchubProgram(path, [], logFolder, watchdog);
    }

    /// <summary>Starts a process that runs on; <paramref name="name"/> names its log.</summary>
    public ChildProcess Start(string name, params string[] arguments)
    {
        var log = Path.Combine(logFolder, $"{name}.log");
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        // exec keeps the number of the process, so that signals meet the program and not a shell around it.
        foreach (var argument in (string[])["-c", "log=$1; shift; exec \"$@\" </dev/null >>\"$log\" 2>&1", "sh", log, path, .. prefix, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["DOTNET_TieredPGO"] = "0"; // instrumentation pays off in hours, not in a minute
        start.Environment["DOTNET_gcServer"] = "0";
        var process = Process.Start(start) ?? throw new DemoException($"{path} could not be started.");
        watchdog.Add(process.Id);
        return new ChildProcess(name, process, log, watchdog);
    }

    /// <summary>Runs a command to its end.</summary>
    /// <exception cref="DemoException">It failed.</exception>
    public async Task RunAsync(string name, CancellationToken cancellation, params string[] arguments)
    {
        await using var child = Start(name, arguments);
        var code = await child.EndAsync(cancellation);
        if (code != 0)
        {
            throw new DemoException($"synchub {string.Join(' ', arguments)} ended with code {code}. {child.Tail()}");
        }
    }
}
