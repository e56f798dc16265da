using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Demo.Links;
using SyncHub.Hub;
using SyncHub.Hub.Certificates;
using SyncHub.Hub.Users;
using SyncHub.V1;
using SyncHub.Verify;

namespace SyncHub.EndToEnd.Tests;

/// <summary>A chain whose members are shared by several hubs, each with a database of its own, and its stores; over real sockets, with a link for each store and cell that can be cut.</summary>
internal sealed class CellChain : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cells").FullName;
    private readonly HubHost?[] _hubs;
    private readonly int[] _ports;
    private GrpcChannel? _channel;

    private CellChain(int cells) => (_hubs, _ports) = (new HubHost?[cells], new int[cells]);

    public int Cells => _hubs.Length;

    public List<Shop> Shops { get; } = [];

    /// <summary>HQ's door: the hub of the first cell.</summary>
    public GrpcChannel Hq => _channel ??= Trust.Channel($"https://127.0.0.1:{_ports[0]}", FolderOf(0));

    public Metadata Admin => new() { { "authorization", "Bearer " + File.ReadAllText(Path.Combine(FolderOf(0), "admin.token")) } };

    /// <summary>Runs one of HQ's commands.</summary>
    public Task<string> HqAsync(params string[] arguments) => Cli.DoAsync([.. arguments, "--hub", $"https://127.0.0.1:{_ports[0]}", "--token-file", Path.Combine(FolderOf(0), "admin.token")]);

    /// <summary>A path of this test's own.</summary>
    public string PathOf(string name) => Path.Combine(_folder, name);

    public static async Task<CellChain> StartAsync(int cells, int stores)
    {
        var chain = new CellChain(cells);
        for (var place = 0; place < cells; place++)
        {
            if (place > 0)
            {
                HubSetup.ShareAuthority(chain.FolderOf(place), chain.FolderOf(0));
            }

            HubSetup.Init(chain.FolderOf(place), [], TimeProvider.System.GetUtcNow());
        }

        Seeds.AddTokenTo(chain.FolderOf(0), "tests", Role.Admin, Path.Combine(chain.FolderOf(0), "admin.token"));
        for (var place = cells - 1; place >= 0; place--)
        {
            await chain.StartHubAsync(place); // the first one last: it has to know where the others are
        }

        for (var i = 0; i < stores; i++)
        {
            await chain.AddShopAsync();
        }

        return chain;
    }

    public string FolderOf(int place) => Path.Combine(_folder, $"hub-{place + 1}");

    public async Task StartHubAsync(int place)
    {
        var hub = await HubHost.StartAsync(
            new HubOptions
            {
                DataDirectory = FolderOf(place),
                GrpcPort = _ports[place],
                HttpPort = 0,
                Partitions = 8,
                Cell = new Cell(place + 1, Cells),
                CellHubs = place == 0 ? [.. Enumerable.Range(0, Cells).Select(cell => cell == 0 ? "here" : $"https://127.0.0.1:{_ports[cell]}")] : [],
                OnePersonIsEnough = false,
                Placement = new PlacementPolicy { RevokeDeadlineMs = Chain.UnhurriedMs },
            },
            null, CancellationToken.None);
        (_hubs[place], _ports[place]) = (hub, hub.GrpcPort);
    }

    public async Task StopHubAsync(int place)
    {
        if (_hubs[place] is { } hub)
        {
            _hubs[place] = null;
            await hub.DisposeAsync();
        }
    }

    /// <summary>Waits until every store is online in every cell, drained, and has seen every change.</summary>
    public Task ConvergeAsync() => Until.TrueAsync(async () =>
    {
        var list = await new V1.Stores.StoresClient(Hq).ListStoresAsync(new ListStoresRequest(), Admin);
        var states = await Task.WhenAll(Shops.Select(async shop => await shop.Till.StatusAsync(new StatusRequest())));
        return states.All(state => state.Online && state.BacklogOps == 0 && state.Cells.Zip(list.Cells).All(pair => pair.First.FeedPosition >= pair.Second.JournalPosition));
    }, "all stores online in each cell, drained and up to date");

    /// <summary>Stops everything and audits the files of each cell.</summary>
    public async Task<IReadOnlyList<AuditReport>> AuditAsync()
    {
        foreach (var shop in Shops)
        {
            await shop.DisposeAsync();
        }

        var folders = Shops.ConvertAll(shop => shop.Folder);
        Shops.Clear();
        for (var place = 0; place < Cells; place++)
        {
            await StopHubAsync(place);
        }

        return [.. Enumerable.Range(0, Cells).Select(place => Audit.Run(FolderOf(place), [.. folders.Select(folder => place == 0 ? folder : $"{folder}.cell-{place + 1}")], new AuditOptions()))];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var shop in Shops)
        {
            await shop.DisposeAsync();
        }

        _channel?.Dispose();
        for (var place = 0; place < Cells; place++)
        {
            await StopHubAsync(place);
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task AddShopAsync()
    {
        var made = await new V1.Stores.StoresClient(Hq).CreateStoreAsync(new CreateStoreRequest(), Admin);
        var shop = new Shop(Path.Combine(_folder, "store" + made.Store), [.. _ports.Select(port => new IPEndPoint(IPAddress.Loopback, port))]);
        await AgentHost.EnrolAsync(new AgentOptions { DataDirectory = shop.Folder, HubAddress = shop.Hubs }, made.EnrolmentCode);
        await shop.StartAsync();
        Shops.Add(shop);
        await shop.OnlineAsync();
    }

    /// <summary>One store: its agent behind a link for each cell, and a till.</summary>
    internal sealed class Shop : IAsyncDisposable
    {
        private readonly LinkProxy[] _links;
        private AgentHost? _agent;
        private GrpcChannel? _channel;
        private int _request;

        public Shop(string folder, IPEndPoint[] hubs)
        {
            Folder = folder;
            Directory.CreateDirectory(folder);
            _links = [.. hubs.Select(_ => new LinkProxy())];
            foreach (var (link, hub) in _links.Zip(hubs))
            {
                link.Pass(hub);
            }
        }

        public string Folder { get; }

        public string Hubs => string.Join(';', _links.Select(link => $"https://127.0.0.1:{link.Port}"));

        public Till.TillClient Till { get; private set; } = null!;

        public void Cut(int place) => _links[place].Cut();

        public void Heal(int place) => _links[place].Heal();

        public async Task StartAsync()
        {
            _agent = await AgentHost.StartAsync(Chain.Unhurried(new AgentOptions { DataDirectory = Folder, HubAddress = Hubs }), NullLoggerFactory.Instance);
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

        public Task OnlineAsync() => Until.TrueAsync(async () => (await Till.StatusAsync(new StatusRequest())).Online, "the store is online in every cell");

        public Task OfflineAsync(int place) => Until.TrueAsync(async () => !(await Till.StatusAsync(new StatusRequest())).Cells[place].Online, "the store is offline in that cell");

        public async Task<string> RegisterAsync(string phone, string card = "")
        {
            var answer = await Till.RegisterAsync(new RegisterRequest { RequestId = NextRequest(), Name = "Ann", Phone = phone, Card = card });
            return answer.Member?.MemberId ?? throw new InvalidOperationException(answer.Rejection.Message);
        }

        public async Task<OpAnswer> TopUpAsync(string member, long amount) =>
            await Till.TopUpAsync(new TopUpRequest { RequestId = NextRequest(), MemberId = member, AmountMinor = amount, Tender = Tender.Cash });

        public async Task<OpAnswer> SellAsync(string member, long bill) =>
            await Till.SellAsync(new SaleRequest { RequestId = NextRequest(), MemberId = member, BillMinor = bill });

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            foreach (var link in _links)
            {
                await link.DisposeAsync();
            }
        }

        public string NextRequest() => $"{Path.GetFileName(Folder)}-{Interlocked.Increment(ref _request)}";
    }
}
