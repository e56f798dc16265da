using System.Diagnostics;
using System.Globalization;
using SyncHub.Storage.KillTarget;

namespace SyncHub.Storage.Tests;

/// <summary>A child process that writes a journal and says what was acknowledged.</summary>
internal sealed class KillTargetProcess : IDisposable
{
    private readonly Process _process;

    private KillTargetProcess(Process process) => _process = process;

    /// <summary>Newest acknowledged version per writer.</summary>
    public Dictionary<int, long> Acknowledged { get; } = [];

    /// <summary>Every line that was not an acknowledgement.</summary>
    public List<string> Said { get; } = [];

    public int Id => _process.Id;

    public static KillTargetProcess Start(string journal, int writers, long maxFileBytes = 0, params string[] schema)
    {
        var assembly = typeof(Workload).Assembly.Location;
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])["exec", assembly, journal, writers.ToString(CultureInfo.InvariantCulture), maxFileBytes.ToString(CultureInfo.InvariantCulture), .. schema])
        {
            start.ArgumentList.Add(argument);
        }
        return new KillTargetProcess(Process.Start(start)!);
    }

    /// <summary>Reads until <paramref name="acknowledgements"/> more have come; false where the process ended before.</summary>
    public async Task<bool> ReadAsync(int acknowledgements)
    {
        while (acknowledgements > 0)
        {
            if (await _process.StandardOutput.ReadLineAsync() is not { } line)
            {
                return false;
            }
            acknowledgements -= Note(line) ? 1 : 0;
        }
        return true;
    }

    /// <summary>kill -9, then reads what was said before it.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await EndAsync();
    }

    /// <summary>Sends a signal by its name.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Reads until the process has ended.</summary>
    public async Task EndAsync()
    {
        await ReadAsync(int.MaxValue);
        await _process.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        _process.Dispose();
    }

    private bool Note(string line)
    {
        var words = line.Split(' ');
        // The last line of a killed process may be cut: its version is then a shorter, lower number, which asks for less, or no number.
        if (words.Length == 2 && int.TryParse(words[0], CultureInfo.InvariantCulture, out var writer) && long.TryParse(words[1], CultureInfo.InvariantCulture, out var version))
        {
            Acknowledged[writer] = Math.Max(version, Acknowledged.GetValueOrDefault(writer));
            return true;
        }
        Said.Add(line);
        return false;
    }
}
