using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Hub.Users;
using SyncHub.Storage.Files;
using SyncHub.V1;

namespace SyncHub.Faults.Tests;

/// <summary>The hub process, always on the port that it had first.</summary>
internal sealed class HubNode(string folder, string logs, string program = Child.Shipped) : IDisposable
{
    private static readonly Dictionary<string, string> NoEnvironment = [];
    private const int StartAttempts = 3;

    private Child? _process;
    private GrpcChannel? _channel;
    private Metadata _headers = [];
    private int _port;

    public string Folder { get; } = Directory.CreateDirectory(folder).FullName;

    /// <summary>The PostgreSQL database of its journal; empty: the file in its folder.</summary>
    public string Storage { get; init; } = "";

    /// <summary>Folder of the parts of its journal that leave that database; empty: none does.</summary>
    public string Parts { get; init; } = "";

    /// <summary>What it is told beside what every hub is.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>The port that it had first.</summary>
    public int Port => _port;

    /// <summary>Whether it said last that it leads.</summary>
    public bool IsLeading => File.Exists(ReadyPath) && JsonDocument.Parse(File.ReadAllText(ReadyPath)).RootElement.GetProperty("role").GetString() == "leader";

    private string ReadyPath => Path.Combine(Folder, "hub.ready.json");

    /// <summary>A ruleset file, or the name of a preset.</summary>
    public string Ruleset { get; init; } = "youzan";

    /// <summary>Where it listens; null while it is down.</summary>
    public IPEndPoint? Address { get; private set; }

    public async Task StartAsync(IReadOnlyDictionary<string, string>? environment = null)
    {
        if (!File.Exists(Path.Combine(Folder, "admin.token")))
        {
            Seeds.AddTokenTo(Folder, "campaign", Role.Admin, Path.Combine(Folder, "admin.token"));
        }

        for (var attempt = 1; _process is null; attempt++)
        {
            try
            {
                _process = await Child.StartAsync(
                    program, Path.Combine(logs, Path.GetFileName(Folder) + ".log"), ReadyPath, environment ?? NoEnvironment,
                    ["hub", "run", "--data", Folder, "--port", _port.ToString(CultureInfo.InvariantCulture), "--http-port", "0", "--ruleset", Ruleset, "--insecure-loopback", "--one-person-is-enough", .. StorageArguments(), .. Arguments]);
            }
            catch (ChildEndedException) when (environment is null && _port != 0 && attempt < StartAttempts)
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

    /// <summary>SIGKILL, by somebody who does not know that it is one of ours: it counts as one that ended by itself.</summary>
    public void Die() => _process!.Kill();

    /// <summary>Whether it ended by itself.</summary>
    public bool HasEnded => _process is null or { HasEnded: true };

    public void Order(string order) => _process!.Order(order);

    public void Pause() => _process!.Pause();

    public void Resume() => _process!.Resume();

    /// <summary>A call of headquarters.</summary>
    public async Task<TAnswer> AskAsync<TAnswer>(Func<GrpcChannel, CallOptions, AsyncUnaryCall<TAnswer>> call) => await call(_channel!, Call());

    /// <summary>The same where a call is more than one.</summary>
    public Task AskAsync(Func<ChannelBase, CallOptions, Task> call) => call(_channel!, Call());

    public async Task<CreateStoreResponse> CreateStoreAsync() => await new V1.Stores.StoresClient(_channel).CreateStoreAsync(new CreateStoreRequest(), Call());

    public async Task<ListStoresResponse> ListStoresAsync() => await new V1.Stores.StoresClient(_channel).ListStoresAsync(new ListStoresRequest(), Call());

    private string[] StorageArguments()
    {
        if (Storage.Length == 0)
        {
            return [];
        }

        var file = Path.Combine(Folder, "storage");
        PrivateFile.Write(file, Encoding.UTF8.GetBytes(Storage));
        return Parts.Length == 0 ? ["--storage", "file:" + file] : ["--storage", "file:" + file, "--parts", Parts];
    }

    public void Dispose()
    {
        Kill();
        _channel?.Dispose();
    }

    private CallOptions Call() => new(_headers, DateTime.UtcNow + Child.CallPatience);
}
