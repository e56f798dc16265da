using System.Globalization;
using Grpc.Net.Client;
using Microsoft.Data.Sqlite;
using SyncHub.V1;

namespace SyncHub.Bench;

/// <summary>An agent process with its till service.</summary>
internal sealed class Agent : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    private readonly SynchubProcess _process;
    private readonly GrpcChannel _channel;
    private readonly string _folder;

    private Agent(SynchubProcess process, string folder, int port)
    {
        _process = process;
        _folder = folder;
        _channel = GrpcChannel.ForAddress(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        Till = new Till.TillClient(_channel);
    }

    /// <summary>The tills' door.</summary>
    public Till.TillClient Till { get; }

    /// <summary>The number of its process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Makes a store at the hub and gives a folder its identity.</summary>
    public static async Task EnrolAsync(string program, string folder, Hub hub, string name, CancellationToken cancellation)
    {
        var code = await hub.CreateStoreAsync(name, cancellation);
        await SynchubProcess.RunAsync(program, cancellation, "agent", "enrol", "--data", folder, "--hub", hub.Address, "--code", code);
    }

    /// <summary>Starts it over an enrolled folder and waits until it is online.</summary>
    public static async Task<Agent> StartAsync(string program, string folder, Hub hub, CancellationToken cancellation)
    {
        var (process, said) = await SynchubProcess.StartAsync(program, Path.Combine(folder, "agent.ready.json"), cancellation,
            "agent", "run", "--data", folder, "--hub", hub.Address, "--till-port", "0", "--json-port", "0");
        var agent = new Agent(process, folder, said["tillGrpc"]);
        try
        {
            await agent.WaitAsync(status => status.Online, TimeSpan.FromSeconds(60), "online", cancellation);
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the hub has every op of it, and it has every change of the hub.</summary>
    public async Task WaitUntilSyncedAsync(Hub hub, CancellationToken cancellation)
    {
        await WaitAsync(status => status.Online && status.BacklogOps == 0, TimeSpan.FromMinutes(10), "without backlog", cancellation);
        var position = (await hub.DescribeAsync(cancellation)).JournalPosition;
        await WaitAsync(status => status.FeedPosition >= position, TimeSpan.FromMinutes(2), $"at change {position}", cancellation);
    }

    /// <summary>How many members it keeps as the hub sent them.</summary>
    public long CountReplicas() => (long)Ask("SELECT count(*) FROM document WHERE collection = 'replica'");

    /// <summary>Bytes that the newest sale put into the database: the op with its hash, and the documents that were written with it.</summary>
    public long BytesOfNewestSale(string requestId) =>
        (long)Ask("SELECT length(bytes) + length(hash) FROM fact ORDER BY store DESC, incarnation DESC, sequence DESC LIMIT 1")
        + (long)Ask($"SELECT length(key) + length(value) FROM document WHERE collection = 'request' AND key = CAST('{requestId}' AS BLOB)")
        + (long)Ask("SELECT length(key) + length(value) FROM document WHERE collection = 'lines' LIMIT 1");

    /// <summary>Ends it well.</summary>
    public Task StopAsync() => _process.StopAsync();

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _process.DisposeAsync();
    }

    private object Ask(string sql)
    {
        var settings = new SqliteConnectionStringBuilder { DataSource = Path.Combine(_folder, "agent.db"), Mode = SqliteOpenMode.ReadOnly, Pooling = false };
        using var connection = new SqliteConnection(settings.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // the bench's own words
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar() ?? throw new InvalidOperationException($"The agent's database has no answer to: {sql}");
    }

    private async Task WaitAsync(Predicate<StatusAnswer> wanted, TimeSpan patience, string what, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(patience);
        StatusAnswer? last = null;
        try
        {
            while (!wanted(last = await Till.StatusAsync(new StatusRequest(), cancellationToken: deadline.Token)))
            {
                await Task.Delay(Poll, deadline.Token);
            }
        }
        catch (Exception fault) when (deadline.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"The agent was not {what} within {patience}: {last}", fault);
        }
    }
}
