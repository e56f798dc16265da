using System.Globalization;
using System.Text;
using System.Net;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Demo.Processes;
using SyncHub.Protos.Trust;
using SyncHub.Storage.Files;
using SyncHub.V1;

namespace SyncHub.Demo.Chain;

/// <summary>The hub process of the demo, and what HQ asks it.</summary>
/// <remarks>It is killed and restarted on the same ports, so the channel to it lives through both.</remarks>
internal sealed class Hub : IAsyncDisposable
{
    private const int StartAttempts = 3;
    private static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(500);

    private readonly SynchubProgram _program;
    private readonly RunFolder _folder;
    private readonly string _preset;
    private readonly string _storage;
    private ChildProcess? _process;
    private GrpcChannel? _channel;
    private Metadata _headers = [];
    private int _grpcPort;
    private int _httpPort;

    private Hub(SynchubProgram program, RunFolder folder, string preset, string storage)
    {
        _program = program;
        _folder = folder;
        _preset = preset;
        _storage = storage;
    }

    /// <summary>Where agents connect; null while the process is down on purpose.</summary>
    public IPEndPoint? Address { get; private set; }

    /// <summary>Whether it ended though nobody ended it.</summary>
    public bool HasCrashed => Address is not null && _process is { HasEnded: true };

    /// <summary>What to say of a crash.</summary>
    public string Obituary => _process is { } process ? $"{process.Name} ended by itself. {process.Tail()}" : "The hub never ran.";

    /// <summary>Starts it on an empty folder.</summary>
    public static async Task<Hub> StartAsync(SynchubProgram program, RunFolder folder, string preset, string storage, CancellationToken cancellation)
    {
        var hub = new Hub(program, folder, preset, storage);
        await program.RunAsync("hub-init", cancellation, "hub", "init", "--data", folder.Hub);
        await hub.StartAsync(cancellation);
        return hub;
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        Address = null;
        await _process!.KillAsync();
    }

    /// <summary>Starts it again, on the ports it had.</summary>
    public async Task RestartAsync(CancellationToken cancellation)
    {
        await _process!.DisposeAsync();
        await StartAsync(cancellation);
    }

    /// <summary>Creates a store.</summary>
    public async Task<CreateStoreResponse> CreateStoreAsync(string name, CancellationToken cancellation) =>
        await new V1.Stores.StoresClient(_channel).CreateStoreAsync(new CreateStoreRequest { Name = name }, Call(cancellation));

    /// <summary>All stores as the hub sees them.</summary>
    public async Task<ListStoresResponse> ListStoresAsync(CancellationToken cancellation) =>
        await new V1.Stores.StoresClient(_channel).ListStoresAsync(new ListStoresRequest(), Call(cancellation));

    /// <summary>A member's wallet as HQ sees it.</summary>
    public async Task<Wallet> GetWalletAsync(string member, CancellationToken cancellation) =>
        await new Wallets.WalletsClient(_channel).GetWalletAsync(new GetWalletRequest { MemberId = member }, Call(cancellation));

    /// <summary>SIGTERM, and SIGKILL after a while. False where it had to be killed.</summary>
    public async Task<bool> StopAsync()
    {
        Address = null;
        return _process is null || await _process.StopAsync(StopPatience);
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    private async Task StartAsync(CancellationToken cancellation)
    {
        var token = Path.Combine(_folder.Hub, "admin.token");
        if (_channel is null)
        {
            await _program.RunAsync("hub-token", cancellation, "token", "add", "--data", _folder.Hub, "--name", "demo", "--role", "admin", "--out", token);
        }

        var said = await StartProcessAsync(cancellation);
        _grpcPort = said.GetProperty("grpc").GetInt32();
        _httpPort = said.GetProperty("http").GetInt32();
        Address = new IPEndPoint(IPAddress.Loopback, _grpcPort);
        if (_channel is null)
        {
            _headers = new Metadata { { "authorization", $"Bearer {(await File.ReadAllTextAsync(token, cancellation)).Trim()}" } };
            var trust = HubTrust.FromFile(Path.Combine(_folder.Hub, "certificates", "authority.pem"));
            _channel = GrpcChannel.ForAddress($"https://{Address}", new GrpcChannelOptions { HttpHandler = trust.CreateHandler(), DisposeHttpClient = true });
        }
    }

    private async Task<JsonElement> StartProcessAsync(CancellationToken cancellation)
    {
        string[] arguments = ["hub", "run", "--data", _folder.Hub, "--port", Text(_grpcPort), "--http-port", Text(_httpPort), "--preset", _preset, .. _storage.Length > 0 ? ["--storage", "file:" + WriteStorage()] : Array.Empty<string>()];
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                (_process, var said) = await ReadyFile.StartAsync(() => _program.Start("hub", arguments), Path.Combine(_folder.Hub, "hub.ready.json"), cancellation);
                return said;
            }
            catch (DemoException) when (_grpcPort != 0 && attempt < StartAttempts)
            {
                // Its old port may for a moment be some outgoing connection's; on the last attempt the reason is shown.
                await Task.Delay(BetweenAttempts, cancellation);
            }
        }
    }

    // A file, because arguments show in the process list.
    private string WriteStorage()
    {
        var path = Path.Combine(_folder.Path, "storage");
        PrivateFile.Write(path, Encoding.UTF8.GetBytes(_storage));
        return path;
    }

    private CallOptions Call(CancellationToken cancellation) => new(_headers, DateTime.UtcNow + CallPatience, cancellation);

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
