using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace SyncHub.GrpcBench.Measure;

/// <summary>A program under measurement; ends with its owner.</summary>
internal sealed class Child : IAsyncDisposable
{
    private const int StartAttempts = 300;
    private const int CpuFieldsAfterName = 11; // utime, the 14th field of /proc/PID/stat; the name is the second
    private const double TicksPerSecond = 100; // USER_HZ is 100 on every Linux
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(100);

    private readonly Process _process;

    private Child(Process process) => _process = process;

    /// <summary>Processor time of all its threads so far, seconds.</summary>
    public double CpuSeconds
    {
        get
        {
            var line = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{_process.Id}/stat"));
            var fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
            return fields.Skip(CpuFieldsAfterName).Take(2).Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
    }

    /// <summary>Starts a program.</summary>
    public static Child Start(string program, params string[] arguments) =>
        new(Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true })!);

    /// <summary>Starts a server and waits until it listens.</summary>
    public static async Task<Child> StartServerAsync(string program, int port)
    {
        var child = Start(program, "serve", port.ToString(CultureInfo.InvariantCulture));
        for (var attempt = 0; attempt < StartAttempts; attempt++)
        {
            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync("127.0.0.1", port);
                return child;
            }
            catch (SocketException) when (!child._process.HasExited)
            {
                await Task.Delay(BetweenAttempts);
            }
        }

        await child.DisposeAsync();
        throw new InvalidOperationException($"{program} does not listen on port {port}.");
    }

    /// <summary>Says a line and waits for the answer.</summary>
    public async Task<string> AskAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
        return await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The loader ended at '{line}'.");
    }

    /// <summary>Everything that it printed, when it has ended.</summary>
    public async Task<string> OutputAsync()
    {
        var output = await _process.StandardOutput.ReadToEndAsync();
        await _process.WaitForExitAsync();
        return _process.ExitCode == 0 ? output : throw new InvalidOperationException($"{_process.StartInfo.FileName} ended with {_process.ExitCode}: {output}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
