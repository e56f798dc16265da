using System.Globalization;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Demo.Links;
using SyncHub.Demo.Processes;
using SyncHub.V1;

namespace SyncHub.Demo.Chain;

/// <summary>One store of the demo: its agent process, its line to the hub, and its till.</summary>
internal sealed class Store : IAsyncDisposable
{
    private const int StartAttempts = 3;
    private static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(500);

    private readonly Programs _programs;
    private readonly string _data;
    private readonly string _name;
    private ChildProcess? _process;
    private GrpcChannel? _channel;
    private TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _hasRun;
    private int _tillPort;
    private int _jsonPort;

    private Store(Programs programs, int index, string data, int hubs, int cells)
    {
        Link = new StoreLine(hubs, cells);
        _programs = programs;
        _data = data;
        _name = $"agent-{index + 1}";
        Index = index;
    }

    /// <summary>Its place in the demo, from 0.</summary>
    public int Index { get; }

    /// <summary>The line to the hubs.</summary>
    public StoreLine Link { get; }

    /// <summary>Completed while the agent takes calls; a new one while it is down.</summary>
    public Task WhenUp => Volatile.Read(ref _up).Task;

    /// <summary>Whether the agent ended though nobody ended it.</summary>
    public bool HasCrashed => WhenUp.IsCompleted && _process is { HasEnded: true };

    /// <summary>What to say of a crash.</summary>
    public string Obituary => _process is { } process ? $"{process.Name} ended by itself. {process.Tail()}" : $"{_name} never ran.";

    /// <summary>The service that the till calls.</summary>
    public Till.TillClient Till { get; private set; } = null!; // set when the agent first says where it listens

    /// <summary>Enrols a new agent at the hub and starts it.</summary>
    public static async Task<Store> OpenAsync(Programs programs, int index, string data, Hub hub, CancellationToken cancellation)
    {
        var store = new Store(programs, index, data, hub.Processes.Count, hub.Cells);
        try
        {
            var created = await hub.CreateStoreAsync($"Branch {index + 1}", cancellation);
            await programs.First.RunAsync($"{store._name}-enrol", cancellation, "agent", "enrol", "--data", data, "--hub", hub.Addresses, "--code", created.EnrolmentCode);
            foreach (var (number, process) in hub.Processes.Index())
            {
                store.Link.Pass(number, process.Address);
            }

            await store.StartAsync(cancellation);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>What the agent says of itself; null while it does not answer.</summary>
    public async Task<StatusAnswer?> TryStatusAsync(CancellationToken cancellation)
    {
        if (!WhenUp.IsCompleted)
        {
            return null;
        }

        try
        {
            return await Till.StatusAsync(new StatusRequest(), Call(cancellation));
        }
        catch (RpcException) when (!cancellation.IsCancellationRequested)
        {
            return null; // the caller asks again; a crash shows in HasCrashed
        }
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        Volatile.Write(ref _up, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await _process!.KillAsync();
    }

    /// <summary>Starts it again, on the ports it had.</summary>
    public async Task RestartAsync(CancellationToken cancellation)
    {
        await _process!.DisposeAsync();
        await StartAsync(cancellation);
    }

    /// <summary>SIGTERM, and SIGKILL after a while. False where it had to be killed.</summary>
    public async Task<bool> StopAsync()
    {
        Volatile.Write(ref _up, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        return _process is null || await _process.StopAsync(StopPatience);
    }

    /// <summary>How long a till waits for an answer before it asks again.</summary>
    public static CallOptions Call(CancellationToken cancellation) => new(null, DateTime.UtcNow + CallPatience, cancellation);

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        await Link.DisposeAsync();
    }

    private async Task StartAsync(CancellationToken cancellation)
    {
        var said = await StartProcessAsync(cancellation);
        _tillPort = said.GetProperty("tillGrpc").GetInt32();
        _jsonPort = said.GetProperty("tillJson").GetInt32();
        _channel ??= GrpcChannel.ForAddress($"http://127.0.0.1:{Text(_tillPort)}");
        Till ??= new Till.TillClient(_channel);
        Volatile.Read(ref _up).TrySetResult();
    }

    private async Task<JsonElement> StartProcessAsync(CancellationToken cancellation)
    {
        string[] arguments = ["agent", "run", "--data", _data, "--hub", Link.Hubs, "--till-port", Text(_tillPort), "--json-port", Text(_jsonPort)];
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                (_process, var said) = await ReadyFile.StartAsync(() => (_hasRun ? _programs.Next : _programs.First).Start(_name, arguments), Path.Combine(_data, "agent.ready.json"), cancellation);
                _hasRun = true;
                return said;
            }
            catch (DemoException) when (_tillPort != 0 && attempt < StartAttempts)
            {
                // Its old port may for a moment be some outgoing connection's; on the last attempt the reason is shown.
                await Task.Delay(BetweenAttempts, cancellation);
            }
        }
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
