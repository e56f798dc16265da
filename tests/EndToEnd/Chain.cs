using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Members;
using SyncHub.Demo.Links;
using SyncHub.Hub;
using SyncHub.Hub.Certificates;
using SyncHub.Hub.Users;
using SyncHub.V1;
using SyncHub.Verify;

namespace SyncHub.EndToEnd.Tests;

/// <summary>A hub and its stores in this process, over real sockets and real databases; each store's link can be cut.</summary>
internal sealed class Chain : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("chain").FullName;
    private HubHost? _hub;
    private int _hubPort;

    public List<Shop> Shops { get; } = [];

    public string HubFolder => Path.Combine(_folder, "hub");

    /// <summary>What this test shows at HQ's doors.</summary>
    public string TokenFile => Path.Combine(HubFolder, "admin.token");

    public string HubAddress => $"https://127.0.0.1:{_hubPort}";

    /// <summary>A path of this test's own.</summary>
    public string PathOf(string name) => Path.Combine(_folder, name);

    /// <summary>Runs one of HQ's commands.</summary>
    public Task<string> HqAsync(params string[] arguments) => Cli.DoAsync([.. arguments, "--hub", HubAddress, "--token-file", TokenFile]);

    /// <summary>A machine beside the chain's stores, at the same hub.</summary>
    public Shop AddMachine(string folder)
    {
        var machine = new Shop(folder, new IPEndPoint(IPAddress.Loopback, _hubPort));
        Shops.Add(machine);
        return machine;
    }

    public static async Task<Chain> StartAsync(int stores, PlacementPolicy? placement = null)
    {
        var chain = new Chain { Placement = placement ?? new PlacementPolicy() };
        HubSetup.Init(chain.HubFolder, [], TimeProvider.System.GetUtcNow());
        await chain.StartHubAsync();
        for (var i = 0; i < stores; i++)
        {
            await chain.AddShopAsync();
        }

        return chain;
    }

    /// <summary>A sale that needs another store's rights is to be decided by who holds what, not by how fast this machine is: the longest deadlines there are.</summary>
    public const int UnhurriedMs = 10_000;

    /// <summary>Agents under those deadlines.</summary>
    public static AgentOptions Unhurried(AgentOptions options) => options with { CheckoutDeadlineMs = UnhurriedMs, LookUpDeadlineMs = UnhurriedMs };

    private PlacementPolicy Placement { get; init; } = new();

    /// <summary>The chain's rules: a preset or a file.</summary>
    public string Ruleset { get; set; } = "youzan";

    public async Task StartHubAsync()
    {
        if (!File.Exists(TokenFile))
        {
            Seeds.AddTokenTo(HubFolder, "tests", Role.Admin, TokenFile);
        }

        _hub = await HubHost.StartAsync(new HubOptions { DataDirectory = HubFolder, GrpcPort = _hubPort, HttpPort = 0, Placement = Placement with { RevokeDeadlineMs = UnhurriedMs }, OnePersonIsEnough = true, Ruleset = Ruleset }, null, CancellationToken.None);
        _hubPort = _hub.GrpcPort;
    }

    public async Task StopHubAsync()
    {
        if (_hub is { } hub)
        {
            _hub = null;
            await hub.DisposeAsync();
        }
    }

    public async Task<Wallet> WalletAsync(string member)
    {
        using var channel = Trust.Channel(HubAddress, HubFolder);
        return await new Wallets.WalletsClient(channel).GetWalletAsync(new GetWalletRequest { MemberId = member }, Admin());
    }

    /// <summary>Waits until every store is online, drained, and has seen every change.</summary>
    public async Task ConvergeAsync()
    {
        using var channel = Trust.Channel(HubAddress, HubFolder);
        var stores = new V1.Stores.StoresClient(channel);
        await Until.TrueAsync(async () =>
        {
            var list = await stores.ListStoresAsync(new ListStoresRequest(), Admin());
            var states = await Task.WhenAll(Shops.Select(async shop => await shop.Till.StatusAsync(new StatusRequest())));
            return states.All(state => state.Online && state.BacklogOps == 0 && state.FeedPosition >= list.JournalPosition);
        }, "all stores online, drained and up to date");
    }

    /// <summary>Stops everything and audits the files.</summary>
    public async Task<AuditReport> AuditAsync()
    {
        foreach (var shop in Shops)
        {
            await shop.StopAsync();
        }

        await StopHubAsync();
        return Audit.Run(HubFolder, [.. Shops.Select(shop => shop.Folder)], new AuditOptions());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var shop in Shops)
        {
            await shop.DisposeAsync();
        }

        await StopHubAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task AddShopAsync()
    {
        using var channel = Trust.Channel(HubAddress, HubFolder);
        var made = await new V1.Stores.StoresClient(channel).CreateStoreAsync(new CreateStoreRequest(), Admin());
        var shop = new Shop(Path.Combine(_folder, "store" + made.Store), new IPEndPoint(IPAddress.Loopback, _hubPort));
        await AgentHost.EnrolAsync(new AgentOptions { DataDirectory = shop.Folder, HubAddress = HubAddress }, made.EnrolmentCode);
        await shop.StartAsync();
        Shops.Add(shop);
        await shop.OnlineAsync();
    }

    private Metadata Admin() => new() { { "authorization", "Bearer " + File.ReadAllText(TokenFile) } };

    /// <summary>One store: its agent behind a link that can be cut, and a till.</summary>
    internal sealed class Shop : IAsyncDisposable
    {
        private readonly LinkProxy _link = new();
        private AgentHost? _agent;
        private GrpcChannel? _channel;
        private int _request;

        public Shop(string folder, IPEndPoint hub)
        {
            Folder = folder;
            Directory.CreateDirectory(folder);
            _link.Pass(hub);
        }

        public string Folder { get; }

        public Till.TillClient Till { get; private set; } = null!;

        /// <summary>How the agent is started, from its next start on.</summary>
        public Func<AgentOptions, AgentOptions> With { get; set; } = static options => options;

        public void Cut() => _link.Cut();

        public void Heal() => _link.Heal();

        public async Task StartAsync()
        {
            _agent = await AgentHost.StartAsync(With(Unhurried(new AgentOptions { DataDirectory = Folder, HubAddress = $"https://127.0.0.1:{_link.Port}" })), NullLoggerFactory.Instance);
            _channel = GrpcChannel.ForAddress($"http://127.0.0.1:{_agent.TillGrpcPort}");
            Till = new Till.TillClient(_channel);
        }

        public async Task StopAsync()
        {
            if (_agent is { } agent)
            {
                _agent = null;
                _channel!.Dispose();
                await agent.DisposeAsync();
            }
        }

        public Task OnlineAsync() => Until.TrueAsync(async () => (await Till.StatusAsync(new StatusRequest())).Online, "the store is online");

        /// <summary>Until a locked agent may sell again.</summary>
        public Task UnlockedAsync() => Until.TrueAsync(async () => await Till.StatusAsync(new StatusRequest()) is { Online: true, Locked: false }, "the store is online and not locked");

        public Task OfflineAsync() => Until.TrueAsync(async () => !(await Till.StatusAsync(new StatusRequest())).Online, "the store is offline");

        public async Task<string> RegisterAsync(string card)
        {
            var answer = await Till.RegisterAsync(new RegisterRequest { RequestId = NextRequest(), Name = "Ann", Card = card });
            return answer.Member.MemberId;
        }

        public async Task<V1.MemberView?> IdentifyAsync(string member) =>
            (await Till.IdentifyAsync(new IdentifyTillRequest { Key = new MemberKey { MemberId = member } })).Member;

        public async Task<OpAnswer> TopUpAsync(string member, long amount) =>
            await Till.TopUpAsync(new TopUpRequest { RequestId = NextRequest(), MemberId = member, AmountMinor = amount });

        public async Task<OpAnswer> SellAsync(string member, long bill) =>
            await Till.SellAsync(new SaleRequest { RequestId = NextRequest(), MemberId = member, BillMinor = bill });

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            await _link.DisposeAsync();
        }

        private string NextRequest() => $"{Path.GetFileName(Folder)}-{Interlocked.Increment(ref _request)}";
    }
}
