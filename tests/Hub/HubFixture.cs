using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Members;
using SyncHub.Hub.Certificates;
using SyncHub.Protos.Trust;
using SyncHub.Hub.Users;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>A real hub on loopback, with its database in a folder of its own.</summary>
internal sealed class HubFixture : IAsyncDisposable
{
    private HubOptions _options;
    private HubHost _hub = null!;

    private HubFixture(HubOptions options) => _options = options;

    /// <summary>A guard against a test that hangs, not a pace: on a machine that others use as well everything may take long.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>What a store answers counts, and not how soon a busy machine lets it.</summary>
    private static readonly PlacementPolicy Unhurried = new() { RevokeDeadlineMs = 10_000 };

    public GrpcChannel Channel { get; private set; } = null!;

    public Metadata Admin { get; private set; } = null!;

    public int GrpcPort => _hub.GrpcPort;

    public int HttpPort => _hub.HttpPort;

    public string DataDirectory => _options.DataDirectory;

    public V1.Stores.StoresClient Stores => new(Channel);

    public Wallets.WalletsClient Wallets => new(Channel);

    public V1.Members.MembersClient Members => new(Channel);

    public V1.Users.UsersClient Users => new(Channel);

    public Access.AccessClient Access => new(Channel);

    public string Folder => _options.DataDirectory;

    public static async Task<HubFixture> StartAsync(Func<HubOptions, HubOptions>? change = null)
    {
        // Most tests are about what comes through the doors; those about the doors themselves start a secure hub.
        var options = new HubOptions { DataDirectory = Directory.CreateTempSubdirectory("hub").FullName, GrpcPort = 0, HttpPort = 0, Partitions = 8, InsecureLoopback = true, OnePersonIsEnough = true, Placement = Unhurried, OrderPatience = Patience };
        if (Environment.GetEnvironmentVariable("SYNCHUB_HUB_TESTS_STORAGE") is { Length: > 0 } storage)
        {
            // postgres.sh run: all tests of this project on PostgreSQL, each hub with a schema of its own.
            options = options with { Storage = $"{storage};Search Path=hub_{Guid.NewGuid():N}" };
        }

        var fixture = new HubFixture(change?.Invoke(options) ?? options);
        await fixture.OpenAsync();
        return fixture;
    }

    public Core.Primitives.Cell Cell => _options.Cell;

    public string Storage => _options.Storage;

    public Task<Exception> Failed => _hub.Failed;

    /// <summary>A hub with certificates, as it is outside of tests.</summary>
    public static Task<HubFixture> StartSecureAsync(TimeProvider? time = null) => StartAsync(options =>
    {
        HubSetup.Init(options.DataDirectory, [], (time ?? TimeProvider.System).GetUtcNow());
        return options with { InsecureLoopback = false, Time = time ?? TimeProvider.System };
    });

    public Task RestartAsync() => RestartAsync(static _ => Task.CompletedTask);

    /// <summary>Stops the hub, changes its files, and starts it.</summary>
    public async Task RestartAsync(Func<string, Task> change)
    {
        await CloseAsync();
        await change(_options.DataDirectory);
        await OpenAsync();
    }

    public async Task RestoreAsync(string copy)
    {
        await CloseAsync();
        await HubBackup.RestoreAsync(DataDirectory, copy, TimeProvider.System.GetUtcNow());
        await OpenAsync();
    }

    /// <summary>Stops the hub and leaves the channel to it open.</summary>
    public async Task StopAsync() => await _hub.DisposeAsync();

    /// <summary>Starts it again after <see cref="StopAsync"/>.</summary>
    public Task OpenAgainAsync()
    {
        Channel.Dispose();
        return OpenAsync();
    }

    public async Task<ScriptedAgent> EnrolAsync()
    {
        var store = await Stores.CreateStoreAsync(new CreateStoreRequest(), Admin);
        if (_options.InsecureLoopback)
        {
            return new ScriptedAgent(this, await new Enrolment.EnrolmentClient(Channel).EnrolAsync(new EnrolRequest { Code = store.EnrolmentCode }));
        }

        var machine = new Machine();
        return new ScriptedAgent(this, await machine.EnrolAsync(this, store.EnrolmentCode), machine);
    }

    /// <summary>What a new token with these permissions sends.</summary>
    public async Task<Metadata> TokenAsync(string name, IEnumerable<Permission> permissions, params int[] stores) =>
        new() { { "authorization", "Bearer " + (await new ApiTokens.ApiTokensClient(Channel).AddTokenAsync(new AddTokenRequest { Name = name, Permissions = { permissions }, Stores = { stores } }, Admin)).Secret } };

    public async Task AddUserAsync(string name, Role role, string password) => await Users.AddUserAsync(new AddUserRequest { Name = name, Role = role, Password = password }, Admin);

    public async Task<LoginResponse> LoginAsync(string name, string password) => await Access.LoginAsync(new LoginRequest { User = name, Password = password });

    public async Task<Identity> WhoAmIAsync(string secret) => await Access.WhoAmIAsync(new WhoAmIRequest(), new Metadata { { "authorization", "Bearer " + secret } });

    /// <summary>What is shown counts no more.</summary>
    public async Task AssertClosedAsync(string secret) => Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(() => WhoAmIAsync(secret))).StatusCode);

    /// <summary>The audit trail, page by page.</summary>
    public async Task<List<AuditEntry>> AuditAsync(ListAuditRequest? request = null)
    {
        request ??= new ListAuditRequest();
        var entries = new List<AuditEntry>();
        do
        {
            var page = await new AuditTrail.AuditTrailClient(Channel).ListAuditAsync(request, Admin);
            entries.AddRange(page.Rows.Select(row => row.Entry));
            request.After = page.NextAfter;
        }
        while (request.After.Length > 0);
        return entries;
    }

    /// <summary>Restarts it with or without the tables of HQ.</summary>
    public async Task RestartAsync(bool keepsHqTables)
    {
        await CloseAsync();
        _options = _options with { HqTables = keepsHqTables };
        await OpenAsync();
    }

    /// <summary>Waits until the tables of HQ hold every record that is durable now.</summary>
    public Task HqTablesAsync() => _hub.HqTablesAreCurrentAsync(CancellationToken.None).WaitAsync(Patience);

    public Task<long> SweepAsync() => _hub.SweepAsync(CancellationToken.None);

    public async Task<Wallet> WalletAsync(Core.Primitives.MemberId member) => await Wallets.GetWalletAsync(new GetWalletRequest { MemberId = member.ToString() }, Admin);

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Directory.Delete(_options.DataDirectory, recursive: true);
    }

    /// <summary>A channel of somebody who shows this certificate, or none.</summary>
    public GrpcChannel OpenChannel(X509Certificate2? own) => _options.InsecureLoopback ? GrpcChannel.ForAddress($"http://127.0.0.1:{GrpcPort}")
        : GrpcChannel.ForAddress($"https://127.0.0.1:{GrpcPort}", new GrpcChannelOptions { HttpHandler = HubTrust.FromFile(HubSetup.AuthorityFile(DataDirectory)).CreateHandler(own), DisposeHttpClient = true });

    private async Task OpenAsync()
    {
        var token = Path.Combine(_options.DataDirectory, "admin.token");
        if (!File.Exists(token))
        {
            Seeds.AddTokenTo(_options.DataDirectory, "tests", Role.Admin, token);
        }

        _hub = await HubHost.StartAsync(_options, logging => logging.AddConsole().SetMinimumLevel(LogLevel.Warning), CancellationToken.None);
        Channel = OpenChannel(null);
        Admin = new Metadata { { "authorization", "Bearer " + await File.ReadAllTextAsync(Path.Combine(_options.DataDirectory, "admin.token")) } };
    }

    private async Task CloseAsync()
    {
        Channel.Dispose();
        await _hub.DisposeAsync();
    }

    /// <summary>Waits for what the hub does after it has answered.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await condition())
        {
            await timer.WaitForNextTickAsync(deadline.Token);
        }
    }
}
