using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Protos.Trust;
using SyncHub.V1;

namespace SyncHub.Bench;

/// <summary>The hub process, and what HQ asks it.</summary>
internal sealed class Hub : IAsyncDisposable
{
    private readonly SynchubProcess _process;
    private readonly GrpcChannel _channel;
    private readonly Metadata _admin;

    private Hub(SynchubProcess process, string address, string authority, string token)
    {
        _process = process;
        Address = address;
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = HubTrust.FromFile(authority).CreateHandler(), DisposeHttpClient = true });
        _admin = new Metadata { { "authorization", "Bearer " + token } };
    }

    /// <summary>Where agents connect.</summary>
    public string Address { get; }

    /// <summary>The number of its process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts it over a folder.</summary>
    public static async Task<Hub> StartAsync(string program, string folder, CancellationToken cancellation)
    {
        await SynchubProcess.RunAsync(program, cancellation, "hub", "init", "--data", folder);
        var admin = Path.Combine(folder, "admin.token");
        await SynchubProcess.RunAsync(program, cancellation, "token", "add", "--data", folder, "--name", "bench", "--role", "admin", "--out", admin);
        var (process, said) = await SynchubProcess.StartAsync(program, Path.Combine(folder, "hub.ready.json"), cancellation, "hub", "run", "--data", folder, "--port", "0", "--http-port", "0");
        var token = await File.ReadAllTextAsync(admin, cancellation);
        return new Hub(process, string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{said["grpc"]}"), Path.Combine(folder, "certificates", "authority.pem"), token.Trim());
    }

    /// <summary>Makes a store and gives its one-time code.</summary>
    public async Task<string> CreateStoreAsync(string name, CancellationToken cancellation) =>
        (await new Stores.StoresClient(_channel).CreateStoreAsync(new CreateStoreRequest { Name = name }, _admin, cancellationToken: cancellation)).EnrolmentCode;

    /// <summary>What it says of its stores and of itself.</summary>
    public async Task<ListStoresResponse> DescribeAsync(CancellationToken cancellation) =>
        await new Stores.StoresClient(_channel).ListStoresAsync(new ListStoresRequest(), _admin, cancellationToken: cancellation);

    /// <summary>Ends it well.</summary>
    public Task StopAsync() => _process.StopAsync();

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _process.DisposeAsync();
    }
}
