using System.Diagnostics;
using System.Text.Json;

namespace SyncHub.Faults.Tests;

/// <summary>One process of ours, the program as it is shipped or one that dies at a write, from its start until it is killed.</summary>
/// <remarks>It writes to a log file of its own, which outlives it and is shown where it did not start.</remarks>
internal sealed class Child : IDisposable
{
    /// <summary>How long a call may take: on a machine that does much else, long.</summary>
    public static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(30);

    private const int TailLines = 15;
    private readonly Process _process;

    private Child(Process process, JsonElement ready)
    {
        _process = process;
        Ready = ready;
    }

    /// <summary>What it said of itself when it was ready.</summary>
    public JsonElement Ready { get; }

    /// <summary>Whether it ended by itself.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>The program as it is shipped.</summary>
    public const string Shipped = "synchub";

    /// <summary>The same hub and agent, which end themselves where they are ordered to.</summary>
    public const string Mortal = "SyncHub.Faults.KillTarget";

    /// <summary>Starts it and waits until it has written its ready file.</summary>
    /// <exception cref="ChildEndedException">It ended before.</exception>
    public static async Task<Child> StartAsync(string program, string log, string readyFile, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        File.Delete(readyFile);
        // exec keeps the number of the process, so that signals meet the program and not a shell around it.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true };
        foreach (var argument in (string[])["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", log, Path.Combine(AppContext.BaseDirectory, program), .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["DOTNET_TieredPGO"] = "0"; // instrumentation pays off in hours, not in seconds
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        try
        {
            string Said() => $"{string.Join(' ', arguments)}: {(File.Exists(log) ? string.Join(Environment.NewLine, File.ReadLines(log).TakeLast(TailLines)) : "it left no word")}";
            await Until.TrueAsync(
                () => process.HasExited ? throw new ChildEndedException($"It ended with code {process.ExitCode}. {Said()}") : Task.FromResult(File.Exists(readyFile)),
                () => $"it is ready. {Said()}");
            return new Child(process, JsonDocument.Parse(await File.ReadAllTextAsync(readyFile)).RootElement.Clone());
        }
        catch
        {
            process.Kill();
            process.Dispose();
            throw;
        }
    }

    /// <summary>SIGKILL, also of one that stands still.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Tells it something on its input.</summary>
    public void Order(string order) => _process.StandardInput.WriteLine(order);

    /// <summary>SIGSTOP.</summary>
    public void Pause() => Signals.Stop(_process.Id);

    /// <summary>SIGCONT.</summary>
    public void Resume() => Signals.Continue(_process.Id);

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }
}

/// <summary>A process ended before it was ready.</summary>
internal sealed class ChildEndedException(string message) : Exception(message);
