using System.Globalization;
using System.Net;
using System.Text.Json;
using Grpc.Net.Client;
using SyncHub.Demo.Processes;
using SyncHub.Protos.Trust;

namespace SyncHub.Demo.Chain;

/// <summary>One hub process of the demo.</summary>
/// <remarks>It is killed and restarted on the same ports, so the channel to it lives through both.</remarks>
internal sealed class HubProcess(Programs programs, string name, string data, IReadOnlyList<string> options) : IAsyncDisposable
{
    private const int StartAttempts = 3;
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(500);

    private ChildProcess? _process;
    private bool _hasRun;
    private int _grpcPort;
    private int _httpPort;

    /// <summary>What it is called.</summary>
    public string Name => name;

    /// <summary>Where agents connect; null while the process is down on purpose.</summary>
    public IPEndPoint? Address { get; private set; }

    /// <summary>What programs of HQ call it by; usable after the first start.</summary>
    public GrpcChannel Channel { get; private set; } = null!;

    /// <summary>Whether it still runs as the program that it began as.</summary>
    public bool IsOfFirst { get; private set; }

    /// <summary>Whether it ended though nobody ended it.</summary>
    public bool HasCrashed => Address is not null && _process is { HasEnded: true };

    /// <summary>Whether it said last that it leads.</summary>
    public bool IsLeading => Address is not null && ReadyFile.TryRead(ReadyPath) is { } said && said.GetProperty("role").GetString() == "leader";

    /// <summary>What to say of a crash.</summary>
    public string Obituary => _process is { } process ? $"{process.Name} ended by itself. {process.Tail()}" : $"{name} never ran.";

    private string ReadyPath => Path.Combine(data, "hub.ready.json");

    /// <summary>Starts it, on the ports it had, and waits until it leads or stands by.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        var said = await StartProcessAsync(cancellation);
        _grpcPort = said.GetProperty("grpc").GetInt32();
        _httpPort = said.GetProperty("http").GetInt32();
        Address = new IPEndPoint(IPAddress.Loopback, _grpcPort);
        Channel ??= GrpcChannel.ForAddress($"https://{Address}", new GrpcChannelOptions
        {
            HttpHandler = HubTrust.FromFile(Path.Combine(data, "certificates", "authority.pem")).CreateHandler(),
            DisposeHttpClient = true,
        });
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        Address = null;
        await _process!.KillAsync();
    }

    /// <summary>SIGTERM, and SIGKILL after a while. False where it had to be killed.</summary>
    public async Task<bool> StopAsync()
    {
        Address = null;
        return _process is null || await _process.StopAsync(StopPatience);
    }

    public async ValueTask DisposeAsync()
    {
        Channel?.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    private async Task<JsonElement> StartProcessAsync(CancellationToken cancellation)
    {
        string[] arguments = ["hub", "run", "--data", data, "--port", Text(_grpcPort), "--http-port", Text(_httpPort), .. options];
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                (_process, var said) = await ReadyFile.StartAsync(() => (_hasRun ? programs.Next : programs.First).Start(name, arguments), ReadyPath, cancellation);
                (IsOfFirst, _hasRun) = (!_hasRun, true);
                return said;
            }
            catch (DemoException) when (_grpcPort != 0 && attempt < StartAttempts)
            {
                // Its old port may for a moment be some outgoing connection's; on the last attempt the reason is shown.
                await Task.Delay(BetweenAttempts, cancellation);
            }
        }
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
