using System.Diagnostics;
using System.Text;

namespace SyncHub.Interop.Matrix;

/// <summary>A program of a peer, with the last of what it said. Ends with its owner.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private const int KeptCharacters = 4000;

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private PeerProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public bool HasExited => _process.HasExited;

    /// <summary>The end of what the program printed.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static PeerProcess Start(string program, params string[] arguments) =>
        new(Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!);

    /// <summary>The exit code, or null if the program is still running after the time.</summary>
    public async Task<int?> EndsAsync(TimeSpan patience, CancellationToken cancellation)
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        source.CancelAfter(patience);
        try
        {
            await _process.WaitForExitAsync(source.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
            if (_output.Length > KeptCharacters)
            {
                _output.Remove(0, _output.Length - KeptCharacters);
            }
        }
    }
}
