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

    private readonly string _counters;

    private Hub(SynchubProcess process, string address, string authority, string token, string counters)
    {
        _process = process;
        _counters = counters;
        Address = address;
        Trust = HubTrust.FromFile(authority);
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = Trust.CreateHandler(), DisposeHttpClient = true });
        _admin = new Metadata { { "authorization", "Bearer " + token } };
    }

    /// <summary>Where agents connect.</summary>
    public string Address { get; }

    /// <summary>The number of its process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>How a program knows that it is this hub.</summary>
    public HubTrust Trust { get; }

    /// <summary>A channel to it without a name of one's own.</summary>
    public GrpcChannel Channel => _channel;

    /// <summary>Starts it over a folder.</summary>
    /// <param name="program">synchub.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <param name="storage">Connection string of the database; empty: SQLite in the folder.</param>
    /// <param name="isMetered">Whether it says how much memory it allocates.</param>
    /// <param name="keepsHqTables">Whether it keeps the tables of HQ. The peers beside the rows keep none.</param>
    /// <param name="grainBudget">How many members stay active; 0: as many as by default.</param>
    /// <param name="servesMany">Whether it runs as docs/operations.md says for a hub that serves many stores.</param>
    /// <param name="more">What else its command says.</param>
    public static async Task<Hub> StartAsync(string program, string folder, CancellationToken cancellation, string storage = "", bool isMetered = false, bool keepsHqTables = false, int grainBudget = 0, bool servesMany = false, params string[] more)
    {
        var counters = Path.Combine(folder, "bench.counters");
        var variables = new Dictionary<string, string> { ["SYNCHUB_STORAGE"] = storage };
        if (servesMany)
        {
            variables["DOTNET_TieredPGO"] = "1";
            variables["DOTNET_gcServer"] = "1";
            variables["DOTNET_GCHeapCount"] = Environment.ProcessorCount.ToString("x", CultureInfo.InvariantCulture); // the runtime reads it as hexadecimal
        }

        if (isMetered)
        {
            variables["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location;
            variables[StartupHook.Variable] = counters;
        }

        string[] with = [.. storage.Length == 0 ? Array.Empty<string>() : ["--storage", "env:SYNCHUB_STORAGE"], .. keepsHqTables ? Array.Empty<string>() : ["--no-hq-tables"],
            .. grainBudget == 0 ? Array.Empty<string>() : ["--grain-budget", grainBudget.ToString(CultureInfo.InvariantCulture)], .. more];
        await SynchubProcess.RunAsync(program, cancellation, "hub", "init", "--data", folder);
        var admin = Path.Combine(folder, "admin.token");
        await SynchubProcess.RunAsync(program, cancellation, "token", "add", "--data", folder, "--name", "bench", "--role", "admin", "--out", admin);
        var (process, said) = await SynchubProcess.StartAsync(program, Path.Combine(folder, "hub.ready.json"), variables, cancellation, ["hub", "run", "--data", folder, "--port", "0", "--http-port", "0", .. with]);
        var token = await File.ReadAllTextAsync(admin, cancellation);
        return new Hub(process, string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{said["grpc"]}"), Path.Combine(folder, "certificates", "authority.pem"), token.Trim(), counters);
    }

    /// <summary>Bytes that it has allocated since its start; 0 where it is not metered.</summary>
    public async Task<long> ReadAllocatedAsync()
    {
        if (!File.Exists(_counters))
        {
            return 0;
        }

        await Task.Delay(2 * StartupHook.EveryMs); // a reading from after this call
        string text;
        while (!long.TryParse(text = await File.ReadAllTextAsync(_counters), NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            await Task.Delay(1); // it was being written
        }

        return long.Parse(text, CultureInfo.InvariantCulture);
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
