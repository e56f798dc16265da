using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Demo.Processes;
using SyncHub.V1;

namespace SyncHub.Demo.Chain;

/// <summary>The centre of the demo: the hubs of each cell, of which there is one where the chain has one database; and what HQ asks the first.</summary>
internal sealed class Hub : IAsyncDisposable
{
    private static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(10);

    private readonly HubCell[] _cells;
    private readonly HubCell _victim;
    private readonly Metadata _headers = [];

    private Hub(HubCell[] cells, ulong seed) => (_cells, _victim) = (cells, cells[(int)(seed % (ulong)cells.Length)]);

    /// <summary>The processes, cell by cell.</summary>
    public IReadOnlyList<HubProcess> Processes => [.. _cells.SelectMany(cell => cell.Processes)];

    /// <summary>How many cells there are.</summary>
    public int Cells => _cells.Length;

    /// <summary>Where they are: commas between the hubs of a cell, semicolons between cells.</summary>
    public string Addresses => string.Join(';', _cells.Select(cell => cell.Addresses));

    /// <summary>Whether one leads in each cell, as far as the demo knows.</summary>
    public bool IsThere => _cells.All(cell => cell.IsThere);

    /// <summary>The one that ended though nobody ended it; null where none did.</summary>
    public HubProcess? Crashed => _cells.Select(cell => cell.Crashed).FirstOrDefault(process => process is not null);

    /// <summary>Starts the hubs on empty folders.</summary>
    public static async Task<Hub> StartAsync(Programs programs, RunFolder folder, DemoOptions options, CancellationToken cancellation)
    {
        var cells = new HubCell[options.Cells];
        try
        {
            // The first one last: it has to know where the others are. But it makes the authority that they share.
            if (options.Cells > 1)
            {
                await programs.First.RunAsync("hub-init", cancellation, "hub", "init", "--data", folder.Hub);
            }

            for (var number = options.Cells; number >= 1; number--)
            {
                cells[number - 1] = new HubCell(programs, folder, number, options, number == 1 && options.Cells > 1 ? string.Join(';', cells.Skip(1).Select(cell => cell.Addresses).Prepend("here")) : "");
                await cells[number - 1].StartAsync(cancellation);
            }

            var hub = new Hub(cells, options.Seed);
            hub._headers.Add("authorization", $"Bearer {(await File.ReadAllTextAsync(folder.Token, cancellation)).Trim()}");
            return hub;
        }
        catch
        {
            foreach (var cell in cells.OfType<HubCell>())
            {
                await cell.DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>SIGKILL to the one that leads, of the cell that the seed picks.</summary>
    public Task KillAsync() => _victim.KillAsync();

    /// <inheritdoc cref="HubCell.TakenOverAsync"/>
    public Task TakenOverAsync(CancellationToken cancellation) => _victim.TakenOverAsync(cancellation);

    /// <inheritdoc cref="HubCell.RestartAsync"/>
    public Task<HubProcess> RestartAsync(CancellationToken cancellation) => _victim.RestartAsync(cancellation);

    /// <summary>Each hub that leads starts as the next program.</summary>
    /// <returns>Which did.</returns>
    public async Task<IReadOnlyList<HubProcess>> UpgradeAsync(CancellationToken cancellation)
    {
        var done = new List<HubProcess>();
        foreach (var cell in _cells)
        {
            if (await cell.UpgradeAsync(cancellation) is { } process)
            {
                done.Add(process);
            }
        }

        return done;
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
        foreach (var cell in _cells)
        {
            stubborn.AddRange(await cell.StopAsync());
        }

        return stubborn;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var cell in _cells)
        {
            await cell.DisposeAsync();
        }
    }

    private async Task<T> AskAsync<T>(Func<GrpcChannel, AsyncUnaryCall<T>> ask) =>
        await ask(_cells[0].Leader ?? throw new RpcException(new Status(StatusCode.Unavailable, "No hub leads at the moment.")));

    private CallOptions Call(CancellationToken cancellation) => new(_headers, DateTime.UtcNow + CallPatience, cancellation);
}
