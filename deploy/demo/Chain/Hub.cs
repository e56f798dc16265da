using System.Diagnostics;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Demo.Processes;
using SyncHub.Storage.Files;
using SyncHub.V1;

namespace SyncHub.Demo.Chain;

/// <summary>The centre of the demo: one hub process, or several on one database of which one leads; and what HQ asks it.</summary>
internal sealed class Hub : IAsyncDisposable
{
    private static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TakeOverPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly HubProcess[] _processes;
    private Metadata _headers = [];
    private HubProcess? _leader;
    private HubProcess? _killed;

    private Hub(HubProcess[] processes) => _processes = processes;

    /// <summary>The processes.</summary>
    public IReadOnlyList<HubProcess> Processes => _processes;

    /// <summary>Whether one of them leads, as far as the demo knows.</summary>
    public bool IsThere => Volatile.Read(ref _leader) is not null;

    /// <summary>The one that ended though nobody ended it; null where none did.</summary>
    public HubProcess? Crashed => _processes.FirstOrDefault(process => process.HasCrashed);

    /// <summary>Starts the hubs on empty folders.</summary>
    public static async Task<Hub> StartAsync(SynchubProgram program, RunFolder folder, DemoOptions options, CancellationToken cancellation)
    {
        string[] arguments = ["--preset", options.Preset, .. options.Storage.Length > 0 ? ["--storage", "file:" + WriteStorage(folder, options.Storage)] : Array.Empty<string>()];
        var hub = new Hub([.. Enumerable.Range(0, options.Hubs).Select(number => new HubProcess(program, number == 0 ? "hub" : $"hub-{number + 1}", folder.HubOf(number), arguments))]);
        try
        {
            await hub.StartAsync(program, folder, cancellation);
            return hub;
        }
        catch
        {
            await hub.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGKILL to the one that leads.</summary>
    public async Task KillAsync()
    {
        _killed = Volatile.Read(ref _leader)!;
        Volatile.Write(ref _leader, null);
        await _killed.KillAsync();
    }

    /// <summary>Waits until another one leads; at once where there is none that could.</summary>
    public async Task TakenOverAsync(CancellationToken cancellation)
    {
        if (_processes.Length > 1)
        {
            await LedAsync(cancellation);
        }
    }

    /// <summary>Starts the one that was killed, on the ports it had: where others are, it stands by.</summary>
    /// <returns>Which one it is.</returns>
    public async Task<HubProcess> RestartAsync(CancellationToken cancellation)
    {
        await _killed!.StartAsync(cancellation);
        await LedAsync(cancellation);
        return _killed;
    }

    /// <summary>Creates a store.</summary>
    public Task<CreateStoreResponse> CreateStoreAsync(string name, CancellationToken cancellation) =>
        AskAsync(channel => new V1.Stores.StoresClient(channel).CreateStoreAsync(new CreateStoreRequest { Name = name }, Call(cancellation)));

    /// <summary>All stores as the hub sees them.</summary>
    public Task<ListStoresResponse> ListStoresAsync(CancellationToken cancellation) =>
        AskAsync(channel => new V1.Stores.StoresClient(channel).ListStoresAsync(new ListStoresRequest(), Call(cancellation)));

    /// <summary>A member's wallet as HQ sees it.</summary>
    public Task<Wallet> GetWalletAsync(string member, CancellationToken cancellation) =>
        AskAsync(channel => new Wallets.WalletsClient(channel).GetWalletAsync(new GetWalletRequest { MemberId = member }, Call(cancellation)));

    /// <summary>SIGTERM, and SIGKILL after a while, those that stand by first. Names those that had to be killed.</summary>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        var stubborn = new List<string>();
        foreach (var process in _processes.OrderBy(process => process == _leader))
        {
            if (!await process.StopAsync())
            {
                stubborn.Add(process.Name);
            }
        }

        return stubborn;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }
    }

    private async Task StartAsync(SynchubProgram program, RunFolder folder, CancellationToken cancellation)
    {
        var token = Path.Combine(folder.Hub, "admin.token");
        await program.RunAsync("hub-init", cancellation, "hub", "init", "--data", folder.Hub);
        await program.RunAsync("hub-token", cancellation, "token", "add", "--data", folder.Hub, "--name", "demo", "--role", "admin", "--out", token);
        await _processes[0].StartAsync(cancellation);
        _headers = new Metadata { { "authorization", $"Bearer {(await File.ReadAllTextAsync(token, cancellation)).Trim()}" } };
        await LedAsync(cancellation);
        for (var number = 1; number < _processes.Length; number++)
        {
            await program.RunAsync("hub-init", cancellation, "hub", "init", "--data", folder.HubOf(number), "--from", folder.Hub);
            await _processes[number].StartAsync(cancellation);
        }
    }

    private async Task LedAsync(CancellationToken cancellation)
    {
        for (var since = Stopwatch.GetTimestamp(); ;)
        {
            Volatile.Write(ref _leader, _processes.FirstOrDefault(process => process.IsLeading));
            if (IsThere)
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(since) > TakeOverPatience)
            {
                throw new DemoException($"No hub leads after {TakeOverPatience.TotalSeconds:0} s.");
            }

            await Task.Delay(Pause, cancellation);
        }
    }

    private async Task<T> AskAsync<T>(Func<GrpcChannel, AsyncUnaryCall<T>> ask)
    {
        var leader = Volatile.Read(ref _leader) ?? throw new RpcException(new Status(StatusCode.Unavailable, "No hub leads at the moment."));
        return await ask(leader.Channel);
    }

    // A file, because arguments show in the process list.
    private static string WriteStorage(RunFolder folder, string storage)
    {
        var path = Path.Combine(folder.Path, "storage");
        PrivateFile.Write(path, Encoding.UTF8.GetBytes(storage));
        return path;
    }

    private CallOptions Call(CancellationToken cancellation) => new(_headers, DateTime.UtcNow + CallPatience, cancellation);
}
