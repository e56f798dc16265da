using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using SyncHub.V1;

namespace SyncHub.Hub.Tests;

/// <summary>A real hub on loopback, with its database in a folder of its own.</summary>
internal sealed class HubFixture : IAsyncDisposable
{
    private readonly HubOptions _options;
    private HubHost _hub = null!;

    private HubFixture(HubOptions options) => _options = options;

    public GrpcChannel Channel { get; private set; } = null!;

    public Metadata Admin { get; private set; } = null!;

    public int GrpcPort => _hub.GrpcPort;

    public int HttpPort => _hub.HttpPort;

    public V1.Stores.StoresClient Stores => new(Channel);

    public Wallets.WalletsClient Wallets => new(Channel);

    public V1.Members.MembersClient Members => new(Channel);

    public static async Task<HubFixture> StartAsync(Func<HubOptions, HubOptions>? change = null)
    {
        var options = new HubOptions { DataDirectory = Directory.CreateTempSubdirectory("hub").FullName, GrpcPort = 0, HttpPort = 0, Partitions = 8 };
        var fixture = new HubFixture(change?.Invoke(options) ?? options);
        await fixture.OpenAsync();
        return fixture;
    }

    public Task RestartAsync() => RestartAsync(static _ => Task.CompletedTask);

    /// <summary>Stops the hub, changes its files, and starts it.</summary>
    public async Task RestartAsync(Func<string, Task> change)
    {
        await CloseAsync();
        await change(_options.DataDirectory);
        await OpenAsync();
    }

    public async Task<ScriptedAgent> EnrolAsync()
    {
        var store = await Stores.CreateStoreAsync(new CreateStoreRequest(), Admin);
        var enrolment = await new Enrolment.EnrolmentClient(Channel).EnrolAsync(new EnrolRequest { Code = store.EnrolmentCode });
        return new ScriptedAgent(this, enrolment);
    }

    public Task<long> SweepAsync() => _hub.SweepAsync(CancellationToken.None);

    public async Task<Wallet> WalletAsync(Core.Primitives.MemberId member) => await Wallets.GetWalletAsync(new GetWalletRequest { MemberId = member.ToString() }, Admin);

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Directory.Delete(_options.DataDirectory, recursive: true);
    }

    private async Task OpenAsync()
    {
        _hub = await HubHost.StartAsync(_options, logging => logging.AddConsole().SetMinimumLevel(LogLevel.Warning), CancellationToken.None);
        Channel = GrpcChannel.ForAddress($"http://127.0.0.1:{_hub.GrpcPort}");
        Admin = new Metadata { { "authorization", "Bearer " + await File.ReadAllTextAsync(Path.Combine(_options.DataDirectory, "admin.token")) } };
    }

    private async Task CloseAsync()
    {
        Channel.Dispose();
        await _hub.DisposeAsync();
    }
}
