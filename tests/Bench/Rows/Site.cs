using SyncHub.Bench.Meters;
using SyncHub.Bench.Peers;

namespace SyncHub.Bench.Rows;

/// <summary>Where a row runs: an empty hub on one engine, in a folder that is gone afterwards.</summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly string _program;
    private readonly bool _servesMany;
    private readonly CancellationToken _cancellation;
    private Hub? _hub;

    private Site(BenchOptions options, string engine, string row, string program, string folder, PostgresServer? server, string storage, CancellationToken cancellation)
    {
        _servesMany = row is "stream" or "hot" or "reconnect" or "big" or "parts";
        (Options, Engine, _program, Folder, Server, Storage, _cancellation) = (options, engine, program, folder, server, storage, cancellation);
    }

    /// <summary>How much to measure.</summary>
    public BenchOptions Options { get; }

    /// <summary>postgres or sqlite.</summary>
    public string Engine { get; }

    /// <summary>Everything on disk.</summary>
    public string Folder { get; }

    /// <summary>The database server; null for SQLite.</summary>
    public PostgresServer? Server { get; }

    /// <summary>Connection string; empty for SQLite.</summary>
    public string Storage { get; }

    /// <summary>The hub.</summary>
    public Hub Hub => _hub ?? throw new InvalidOperationException("The hub is stopped.");

    /// <summary>Where parts of the journal go that leave.</summary>
    public string PartsFolder => Path.Combine(Folder, "parts");

    private string HubFolder => Path.Combine(Folder, "hub");

    /// <summary>Makes it and starts the hub.</summary>
    public static async Task<Site> StartAsync(BenchOptions options, string engine, string row, string program, string folder, PostgresServer? server, CancellationToken cancellation)
    {
        var storage = server is null ? "" : await server.CreateDatabaseAsync("bench_" + row, cancellation);
        var site = new Site(options, engine, row, program, folder, server, storage, cancellation);
        Directory.CreateDirectory(site.HubFolder);
        await site.StartHubAsync(isMetered: row is not ("idle" or "parts"), keepsHqTables: row == "cost", more: row == "parts" && server is not null ? ["--parts", Directory.CreateDirectory(site.PartsFolder).FullName, "--keep-days", "1", "--part-records", options.PartRecords.ToString(System.Globalization.CultureInfo.InvariantCulture)] : []);
        return site;
    }

    /// <summary>Starts the hub over what it has.</summary>
    public async Task StartHubAsync(bool isMetered = true, bool keepsHqTables = false, int grainBudget = 0, params string[] more) =>
        _hub = await Hub.StartAsync(_program, HubFolder, _cancellation, Storage, isMetered, keepsHqTables, grainBudget, _servesMany, more);

    /// <summary>Ends it well.</summary>
    public async Task StopHubAsync()
    {
        await Hub.StopAsync();
        await Hub.DisposeAsync();
        _hub = null;
    }

    /// <summary>An enrolled agent that runs.</summary>
    public async Task<Agent> StartAgentAsync(string name)
    {
        var folder = Path.Combine(Folder, name);
        await Agent.EnrolAsync(_program, folder, Hub, name, _cancellation);
        return await Agent.StartAsync(_program, folder, Hub, _cancellation);
    }

    /// <summary>A meter of the hub, its database and these agents.</summary>
    public Meter Meter(params IReadOnlyList<Agent> agents) => new(Hub, Server, agents);

    /// <summary>Processor time that a peer takes for each of its ops, in all processes together.</summary>
    /// <param name="work">Gives its ops.</param>
    public async Task<double> CpuUsAsync(Func<Task<double>> work)
    {
        var before = Read();
        var ops = await work();
        return (Read() - before) * 1000 / ops;

        double Read() => ProcessUse.OfSelf().CpuMs + ProcessUse.Of(Hub.ProcessId).CpuMs + (Server is { } server ? ProcessUse.OfFamily(server.ProcessId).CpuMs : 0);
    }

    /// <summary>The engine's limit, once the hub has written rows.</summary>
    public async Task<IAppendPeer> OpenAppendAsync() =>
        Server is null ? SqliteAppend.Open(Folder, Path.Combine(HubFolder, "hub.db")) : await PgAppend.OpenAsync(Storage, _cancellation);

    public async ValueTask DisposeAsync()
    {
        if (_hub is { } hub)
        {
            await hub.DisposeAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }
}
