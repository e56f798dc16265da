using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Hub.Users;
using SyncHub.V1;
using SyncHub.Verify;
using Xunit;

namespace SyncHub.EndToEnd.Tests;

/// <summary>A chain of real processes on one database: two hubs, of which one leads, and two stores whose tills pay all the time.</summary>
internal sealed class ProcessChain : IAsyncDisposable
{
    private const int Stores = 2;
    private const long ToppedUpMinor = 1_000_000;
    private const long BonusMinor = 15_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("hubs").FullName;
    private readonly string _storage;
    private readonly string _storageOfFirst;
    private readonly string[] _hubArguments;
    private readonly List<Process> _children = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly List<(string Request, long Amount)> _receipts = [];
    private readonly List<Task> _paying = [];
    private readonly List<int> _tillPorts = [];
    private readonly List<Process> _agents = [];
    private readonly List<SemaphoreSlim> _counters = []; // one for each till; who holds it pays, or keeps the till from paying
    private readonly int[] _ports = new int[3];
    private readonly int[] _httpPorts = new int[3];

    private ProcessChain(string storage, string storageOfFirst, string[] hubArguments) => (_storage, _storageOfFirst, _hubArguments) = (storage, storageOfFirst, hubArguments);

    /// <summary>Where the stores look for a hub.</summary>
    private Func<ProcessChain, string> KnownToStores { get; init; } = static chain => $"{chain.HubAddress(2)},{chain.HubAddress(1)}";

    /// <summary>The hubs' processes; 1 and 2.</summary>
    public Process[] Hubs { get; } = new Process[3];

    /// <summary>How many sales were paid.</summary>
    public int Receipts
    {
        get
        {
            lock (_receipts)
            {
                return _receipts.Count;
            }
        }
    }

    /// <summary>Starts hub 1, which leads, hub 2, which stands by, and stores that sell.</summary>
    public static Task<ProcessChain> StartAsync(string storage, params string[] hubArguments) => StartAsync(storage, storage, hubArguments);

    /// <summary>The same, where stores know of other addresses than those of both.</summary>
    public static Task<ProcessChain> StartAsync(string storage, Func<ProcessChain, string> knownToStores) => OpenAsync(new ProcessChain(storage, storage, []) { KnownToStores = knownToStores });

    /// <summary>The same, where hub 1 reaches the database by another way.</summary>
    public static Task<ProcessChain> StartAsync(string storage, string storageOfFirst, string[] hubArguments) => OpenAsync(new ProcessChain(storage, storageOfFirst, hubArguments));

    private static async Task<ProcessChain> OpenAsync(ProcessChain chain)
    {
        try
        {
            await chain.OpenAsync();
            return chain;
        }
        catch
        {
            await chain.DisposeAsync();
            throw;
        }
    }

    /// <summary>A hub's folder.</summary>
    public string HubFolder(int number) => Path.Combine(_folder, $"hub{number}");

    /// <summary>Where a hub is.</summary>
    public string HubAddress(int number) => $"https://127.0.0.1:{_ports[number]}";

    /// <summary>Where a hub's JSON door is.</summary>
    public string JsonAddress(int number) => $"https://127.0.0.1:{_httpPorts[number]}";

    /// <summary>What a hub said last that it does: leader or standby.</summary>
    public string? RoleOf(int number)
    {
        var path = Path.Combine(HubFolder(number), "hub.ready.json");
        return File.Exists(path) ? JsonDocument.Parse(File.ReadAllText(path)).RootElement.GetProperty("role").GetString() : null;
    }

    /// <summary>What a hub wrote into the files of its log.</summary>
    public string LogOf(int number) => string.Concat(Directory.EnumerateFiles(Path.Combine(HubFolder(number), "log")).Order(StringComparer.Ordinal).Select(static file =>
    {
        using var open = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return open.ReadToEnd();
    }));

    /// <summary>Waits until a hub leads.</summary>
    /// <returns>How long it took.</returns>
    public async Task<TimeSpan> LeadsAsync(int number)
    {
        var since = Stopwatch.GetTimestamp();
        await Until.TrueAsync(() => Hubs[number].HasExited ? throw new InvalidOperationException($"hub {number} ended with {Hubs[number].ExitCode}") : Task.FromResult(RoleOf(number) == "leader"), $"hub {number} leads");
        return Stopwatch.GetElapsedTime(since);
    }

    /// <summary>Starts a hub that does not run, on the ports it had.</summary>
    public async Task StartHubAsync(int number, params string[] arguments)
    {
        var ready = Path.Combine(HubFolder(number), "hub.ready.json");
        File.Delete(ready);
        var process = Hubs[number] = Spawn(["hub", "run", "--data", HubFolder(number), "--storage", "file:" + Path.Combine(_folder, $"storage{number}"), "--port", _ports[number].ToString(CultureInfo.InvariantCulture), "--http-port", "0", "--parts", PartsFolder, .. _hubArguments, .. arguments]);
        await Until.TrueAsync(() => process.HasExited ? throw new InvalidOperationException($"hub {number} ended with {process.ExitCode}") : Task.FromResult(File.Exists(ready)), $"hub {number} is ready");
        var said = JsonDocument.Parse(await File.ReadAllTextAsync(ready)).RootElement;
        (_ports[number], _httpPorts[number]) = (said.GetProperty("grpc").GetInt32(), said.GetProperty("http").GetInt32());
    }

    /// <summary>Where parts of the journal go that leave the database; both hubs see it.</summary>
    private string PartsFolder => Path.Combine(_folder, "parts");

    /// <summary>Sends a hub a signal.</summary>
    public Task SignalAsync(int number, string signal) => SignalAsync(Hubs[number], signal);

    /// <summary>Freezes the stores when the hub has all that they have, so that it hears nothing of them and has nothing to write.</summary>
    public async Task FreezeStoresAsync()
    {
        foreach (var counter in _counters)
        {
            await counter.WaitAsync();
        }

        await DrainedAsync(isSelling: false);
        foreach (var agent in _agents)
        {
            await SignalAsync(agent, "STOP");
        }
    }

    /// <summary>Lets frozen stores go on.</summary>
    public async Task ThawStoresAsync()
    {
        foreach (var agent in _agents)
        {
            await SignalAsync(agent, "CONT");
        }

        _counters.ForEach(static counter => counter.Release());
    }

    /// <summary>Waits until so many more sales were paid.</summary>
    public Task SellAsync(int more)
    {
        var target = Receipts + more;
        return Until.TrueAsync(() => Receipts >= target ? Task.FromResult(true) : _paying.Exists(task => task.IsFaulted) ? throw new InvalidOperationException("A till gave up.", _paying.Find(task => task.IsFaulted)!.Exception) : Task.FromResult(false), $"{more} more receipts");
    }

    /// <summary>Waits until every store is online and the hub has all its ops.</summary>
    public async Task DrainedAsync(bool isSelling = true)
    {
        foreach (var port in _tillPorts)
        {
            using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
            var client = new Till.TillClient(channel);
            await Until.TrueAsync(async () => await client.StatusAsync(new StatusRequest()) is { Online: true } status && (isSelling || status.BacklogOps == 0), "the stores are online");
        }
    }

    /// <summary>Waits until every store has its stream at this hub.</summary>
    public async Task AllAtAsync(int number)
    {
        using var channel = Trust.Channel(HubAddress(number), HubFolder(number));
        var headers = new Metadata { { "authorization", "Bearer " + await File.ReadAllTextAsync(Path.Combine(HubFolder(1), "admin.token")) } };
        await Until.TrueAsync(async () => (await new V1.Stores.StoresClient(channel).ListStoresAsync(new ListStoresRequest(), headers)).Stores.All(store => store.Online), $"all stores are at hub {number}");
    }

    /// <summary>Stops the tills, waits until the hub has everything, kills all and audits the books.</summary>
    public async Task<AuditReport> EndAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_paying);
        await DrainedAsync(isSelling: false);
        _children.ForEach(Kill); // even the end is a crash: what was acknowledged must be in the database
        var report = Audit.Run(HubFolder(1), [.. Enumerable.Range(1, Stores).Select(StoreFolder)], new AuditOptions { Storage = _storage, Parts = PartsFolder });
        Assert.True(report.IsClean(converged: false), string.Join(Environment.NewLine, report.Findings));
        Assert.Equal(0, report.OpsLost);
        Assert.Equal(0, report.OpsDuplicated);
        Assert.Equal(_receipts.Count, _receipts.Select(receipt => receipt.Request).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal((Stores * (ToppedUpMinor + BonusMinor)) - _receipts.Sum(receipt => receipt.Amount), (long)report.Wallets.Values.Aggregate(Int128.Zero, (sum, wallet) => sum + wallet.MoneyMinor));
        return report;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var child in _children)
        {
            Kill(child);
            child.Dispose();
        }

        _counters.ForEach(static counter => counter.Release()); // a test that failed may hold one
        await Task.WhenAll(_paying).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _counters.ForEach(static counter => counter.Dispose());
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task OpenAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "storage1"), _storageOfFirst);
        await File.WriteAllTextAsync(Path.Combine(_folder, "storage2"), _storage);
        await Cli.DoAsync("hub", "init", "--data", HubFolder(1));
        var token = Path.Combine(HubFolder(1), "admin.token");
        Seeds.AddTokenTo(HubFolder(1), "tests", Role.Admin, token);
        await StartHubAsync(1);
        await LeadsAsync(1);
        await Cli.DoAsync("hub", "init", "--data", HubFolder(2), "--from", HubFolder(1));
        await StartHubAsync(2);
        for (var store = 1; store <= Stores; store++)
        {
            using var channel = Trust.Channel(HubAddress(1), HubFolder(1));
            var made = await new V1.Stores.StoresClient(channel).CreateStoreAsync(new CreateStoreRequest(), new Metadata { { "authorization", "Bearer " + await File.ReadAllTextAsync(token) } });
            await Cli.DoAsync("agent", "enrol", "--data", StoreFolder(store), "--hub", KnownToStores(this), "--code", made.EnrolmentCode);
            _agents.Add(Spawn(["agent", "run", "--data", StoreFolder(store), "--till-port", "0", "--json-port", "0"])); // the hubs are remembered
            var ready = Path.Combine(StoreFolder(store), "agent.ready.json");
            await Until.TrueAsync(() => Task.FromResult(File.Exists(ready)), "the agent is ready");
            _tillPorts.Add(JsonDocument.Parse(await File.ReadAllTextAsync(ready)).RootElement.GetProperty("tillGrpc").GetInt32());
        }

        for (var store = 1; store <= Stores; store++)
        {
            var (port, name) = (_tillPorts[store - 1], $"a{store}");
            var counter = new SemaphoreSlim(1);
            _counters.Add(counter);
            _paying.Add(Task.Run(() => PayAsync(port, name, counter, _stop.Token)));
        }

        await DrainedAsync();
    }

    private string StoreFolder(int number) => Path.Combine(_folder, $"a{number}");

    // One till: registers, tops up once, then sells 1.00 after another; a call that got no answer is made again under the same id.
    private async Task PayAsync(int port, string name, SemaphoreSlim counter, CancellationToken stop)
    {
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
        var till = new Till.TillClient(channel);
        var member = (await till.RegisterAsync(new RegisterRequest { RequestId = name + "-r", Name = name, Card = name }, cancellationToken: CancellationToken.None)).Member.MemberId;
        Assert.NotNull((await till.TopUpAsync(new TopUpRequest { RequestId = name + "-t", MemberId = member, AmountMinor = ToppedUpMinor }, cancellationToken: CancellationToken.None)).Receipt);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(5)); // a till, not a benchmark: other tests share this machine
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var request = $"{name}-{i}";
            await counter.WaitAsync(CancellationToken.None);
            var answer = await till.SellAsync(new SaleRequest { RequestId = request, MemberId = member, BillMinor = 100 }, cancellationToken: CancellationToken.None);
            var receipt = answer.Receipt ?? throw new InvalidOperationException(answer.Rejection.Message);
            lock (_receipts)
            {
                _receipts.Add((request, receipt.PaidBonusMinor + receipt.PaidPrincipalMinor));
            }

            counter.Release();

            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private Process Spawn(string[] arguments)
    {
        // The test's own folder holds the program, because the test project references it.
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "synchub.exe" : "synchub"), arguments) { RedirectStandardOutput = true, UseShellExecute = false };
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        _children.Add(process);
        return process;
    }

    private static async Task SignalAsync(Process process, string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    private static void Kill(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        process.WaitForExit();
    }
}
