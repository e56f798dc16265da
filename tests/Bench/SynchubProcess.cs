using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace SyncHub.Bench;

/// <summary>A <c>synchub</c> process: a hub, an agent or one command. Disposing of it ends it, by force if need be.</summary>
internal sealed class SynchubProcess : IAsyncDisposable
{
    private const int Sigterm = 15;
    private const int LongestWords = 4000;
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly StringBuilder _words = new();
    private readonly string _name;

    private SynchubProcess(string program, string[] arguments, IReadOnlyDictionary<string, string>? variables = null)
    {
        _name = "synchub " + string.Join(' ', arguments.Take(2));
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var (name, value) in variables ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start) ?? throw new InvalidOperationException($"{program} does not start.");
        _process.OutputDataReceived += Listen;
        _process.ErrorDataReceived += Listen;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Its number.</summary>
    public int Id => _process.Id;

    /// <summary>Runs a command to its end.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static async Task RunAsync(string program, CancellationToken cancellation, params string[] arguments)
    {
        await using var process = new SynchubProcess(program, arguments);
        await process._process.WaitForExitAsync(cancellation);
        if (process._process.ExitCode != 0)
        {
            throw process.Failure($"ended with code {process._process.ExitCode}");
        }
    }

    /// <summary>Starts a process that runs on, and waits until it says in a file that it is ready.</summary>
    /// <returns>The process, and what the file says.</returns>
    public static Task<(SynchubProcess Process, Dictionary<string, int> Said)> StartAsync(string program, string readyFile, CancellationToken cancellation, params string[] arguments) =>
        StartAsync(program, readyFile, new Dictionary<string, string>(), cancellation, arguments);

    /// <inheritdoc cref="StartAsync(string, string, CancellationToken, string[])"/>
    public static async Task<(SynchubProcess Process, Dictionary<string, int> Said)> StartAsync(string program, string readyFile, IReadOnlyDictionary<string, string> variables, CancellationToken cancellation, params string[] arguments)
    {
        File.Delete(readyFile); // of an earlier life
        var process = new SynchubProcess(program, arguments, variables);
        try
        {
            return (process, await process.WaitUntilReadyAsync(readyFile, cancellation));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks it to end, as an operator would, and waits.</summary>
    /// <exception cref="InvalidOperationException">It did not end, or not well.</exception>
    public async Task StopAsync()
    {
        _ = Kill(Id, Sigterm);
        try
        {
            await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(StopPatience);
        }
        catch (TimeoutException)
        {
            throw Failure("did not stop when it was told to");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    private async Task<Dictionary<string, int>> WaitUntilReadyAsync(string readyFile, CancellationToken cancellation)
    {
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < StartPatience)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellation);
            if (_process.HasExited)
            {
                throw Failure($"ended with code {_process.ExitCode} before it was ready");
            }

            if (File.Exists(readyFile))
            {
                using var said = JsonDocument.Parse(await File.ReadAllTextAsync(readyFile, cancellation));
                return said.RootElement.EnumerateObject().Where(member => member.Value.ValueKind == JsonValueKind.Number).ToDictionary(member => member.Name, member => member.Value.GetInt32());
            }
        }

        throw Failure("was not ready in time");
    }

    private void Listen(object sender, DataReceivedEventArgs line)
    {
        lock (_words)
        {
            _words.AppendLine(line.Data);
            _words.Remove(0, Math.Max(0, _words.Length - LongestWords));
        }
    }

    private InvalidOperationException Failure(string what)
    {
        lock (_words)
        {
            return new InvalidOperationException($"{_name} {what}. It said: {_words}");
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
