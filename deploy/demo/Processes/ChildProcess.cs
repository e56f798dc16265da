using System.Diagnostics;

namespace SyncHub.Demo.Processes;

/// <summary>One process that the demo started: hub, agent or a command.</summary>
/// <remarks>Disposing of it kills it, where it still runs.</remarks>
internal sealed class ChildProcess(string name, Process process, string logPath, Watchdog watchdog) : IAsyncDisposable
{
    private const int TailLines = 12;
    private int _isGone;

    /// <summary>What the process is, for people.</summary>
    public string Name { get; } = name;

    /// <summary>Its number.</summary>
    public int Id { get; } = process.Id;

    /// <summary>Whether it ended.</summary>
    public bool HasEnded => process.HasExited;

    /// <summary>Completes with the exit code when it ends.</summary>
    public async Task<int> EndAsync(CancellationToken cancellation)
    {
        await process.WaitForExitAsync(cancellation);
        Forget();
        return process.ExitCode;
    }

    /// <summary>SIGKILL: no chance to write or say anything.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync(CancellationToken.None);
        Forget();
    }

    /// <summary>SIGTERM, then SIGKILL when the time is over. False where it had to be killed.</summary>
    public async Task<bool> StopAsync(TimeSpan patience)
    {
        if (!HasEnded)
        {
            Signal.Terminate(Id);
        }

        try
        {
            await process.WaitForExitAsync(CancellationToken.None).WaitAsync(patience);
            Forget();
            return true;
        }
        catch (TimeoutException)
        {
            await KillAsync();
            return false;
        }
    }

    /// <summary>The end of its log, for a message.</summary>
    public string Tail() => File.Exists(logPath) && File.ReadLines(logPath).TakeLast(TailLines).ToArray() is { Length: > 0 } lines
        ? $"The end of {logPath}:{Environment.NewLine}{string.Join(Environment.NewLine, lines)}"
        : $"It left no word in {logPath}.";

    public async ValueTask DisposeAsync()
    {
        if (!HasEnded)
        {
            await KillAsync();
        }

        Forget();
        process.Dispose();
    }

    private void Forget()
    {
        if (Interlocked.Exchange(ref _isGone, 1) == 0)
        {
            watchdog.Remove(Id);
        }
    }
}
