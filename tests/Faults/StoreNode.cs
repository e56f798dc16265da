using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Agent.Hosting;
using SyncHub.V1;

namespace SyncHub.Faults.Tests;

/// <summary>One store: its agent process, its line to the hub, and the way for its till.</summary>
internal sealed class StoreNode(int number, string folder, string logs, string program = Child.Shipped) : IAsyncDisposable
{
    private readonly List<GrpcChannel> _channels = []; // kept, because a till may still be waiting on an old one
    private Child? _process;

    public int Number { get; } = number;

    public string Folder { get; } = Directory.CreateDirectory(folder).FullName;

    public Line Line { get; } = new();

    /// <summary>The wall clock of its machine.</summary>
    public FakeClock Clock { get; } = new(folder + ".clock");

    /// <summary>What its till calls; null while the agent is down, because its old port may by then be somebody else's.</summary>
    public Till.TillClient? Till { get; private set; }

    /// <summary>How often its database was exchanged for an older one.</summary>
    public int Restores { get; set; }

    public async Task EnrolAsync(HubNode hub)
    {
        var made = await hub.CreateStoreAsync();
        await AgentHost.EnrolAsync(new AgentOptions { DataDirectory = Folder, HubAddress = $"http://{hub.Address}", InsecureLoopback = true }, made.EnrolmentCode);
        Line.Pass(hub.Address);
    }

    /// <summary>Starts the agent; <paramref name="hubPorts"/> where it shall not use the store's line.</summary>
    public async Task StartAsync(IReadOnlyDictionary<string, string>? environment = null, IReadOnlyList<int>? hubPorts = null)
    {
        var address = string.Join(',', (hubPorts ?? [Line.Port]).Select(port => $"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}"));
        _process = await Child.StartAsync(
            program, Path.Combine(logs, Path.GetFileName(Folder) + ".log"), Path.Combine(Folder, "agent.ready.json"), Clock.Environment.Concat(environment ?? new Dictionary<string, string>(StringComparer.Ordinal)).ToDictionary(StringComparer.Ordinal),
            "agent", "run", "--data", Folder, "--hub", address, "--till-port", "0", "--json-port", "0", "--insecure-loopback");
        var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{_process.Ready.GetProperty("tillGrpc").GetInt32().ToString(CultureInfo.InvariantCulture)}");
        _channels.Add(channel);
        Till = new Till.TillClient(channel);
    }

    public void Kill()
    {
        Till = null;
        _process?.Dispose();
        _process = null;
    }

    /// <summary>Whether it ended by itself.</summary>
    public bool HasEnded => _process is null or { HasEnded: true };

    public void Order(string order) => _process!.Order(order);

    public void Pause() => _process!.Pause();

    public void Resume() => _process!.Resume();

    public async Task<StatusAnswer> StatusAsync() => await Till!.StatusAsync(new StatusRequest(), deadline: DateTime.UtcNow + Child.CallPatience);

    /// <summary>Whether its state is so; no where it does not say.</summary>
    public async Task<bool> IsAsync(Func<StatusAnswer, bool> state)
    {
        try
        {
            return state(await StatusAsync());
        }
        catch (RpcException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        foreach (var channel in _channels)
        {
            channel.Dispose();
        }

        await Line.DisposeAsync();
    }
}
