using System.Globalization;
using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.V1;

namespace SyncHub.Faults.Tests;

/// <summary>The hub process, always on the port that it had first.</summary>
internal sealed class HubNode(string folder, string logs) : IDisposable
{
    private static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(5);
    private static readonly Dictionary<string, string> NoEnvironment = [];
    private const int StartAttempts = 3;

    private Child? _process;
    private GrpcChannel? _channel;
    private Metadata _headers = [];
    private int _port;

    public string Folder { get; } = Directory.CreateDirectory(folder).FullName;

    /// <summary>Where it listens; null while it is down.</summary>
    public IPEndPoint? Address { get; private set; }

    public async Task StartAsync()
    {
        for (var attempt = 1; _process is null; attempt++)
        {
            try
            {
                _process = await Child.StartAsync(
                    Path.Combine(logs, "hub.log"), Path.Combine(Folder, "hub.ready.json"), NoEnvironment,
                    "hub", "run", "--data", Folder, "--port", _port.ToString(CultureInfo.InvariantCulture), "--http-port", "0");
            }
            catch (InvalidOperationException) when (_port != 0 && attempt < StartAttempts)
            {
                await Task.Delay(500); // its old port may for a moment be some outgoing connection's
            }
        }

        _port = _process.Ready.GetProperty("grpc").GetInt32();
        Address = new IPEndPoint(IPAddress.Loopback, _port);
        if (_channel is null)
        {
            _headers = new Metadata { { "authorization", "Bearer " + (await File.ReadAllTextAsync(Path.Combine(Folder, "admin.token"))).Trim() } };
            _channel = GrpcChannel.ForAddress($"http://{Address}");
        }
    }

    public void Kill()
    {
        Address = null;
        _process?.Dispose();
        _process = null;
    }

    public void Pause() => _process!.Pause();

    public void Resume() => _process!.Resume();

    public async Task<CreateStoreResponse> CreateStoreAsync() => await new V1.Stores.StoresClient(_channel).CreateStoreAsync(new CreateStoreRequest(), Call());

    public async Task<ListStoresResponse> ListStoresAsync() => await new V1.Stores.StoresClient(_channel).ListStoresAsync(new ListStoresRequest(), Call());

    public void Dispose()
    {
        Kill();
        _channel?.Dispose();
    }

    private CallOptions Call() => new(_headers, DateTime.UtcNow + CallPatience);
}
