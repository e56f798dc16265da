using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Hub.Certificates;
using SyncHub.V1;

namespace SyncHub.Faults.Tests;

/// <summary>A hub and two stores on which a script runs, asking again until it is answered. The hub or the first store's agent can be swept: it then ends itself at one write after the other, just before it and just after it.</summary>
/// <remarks>With a database there are two hubs, which may move parts of its journal into a folder that both see: the one that dies is the one that leads, the other one takes its place. Each time it is started again, the script is brought to its end, and everything must come to rest and pass the audit.</remarks>
internal sealed class ScriptedChain(bool hubIsMortal, int stride, Action<string> say, string storage = "", params string[] partArguments) : IAsyncDisposable
{
    private static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BetweenCalls = TimeSpan.FromMilliseconds(20);
    private const int MostAttempts = 2000;

    private readonly string _folder = Directory.CreateTempSubdirectory("kill").FullName;
    private readonly Receipts _receipts = new();
    private readonly List<StoreNode> _stores = [];
    private readonly List<HubNode> _hubs = [];
    private HubNode _hub = null!; // set by OpenAsync: the one that leads
    private int _deaths;
    private int _rounds;

    /// <summary>The store whose agent is the one that dies, where it is not the hub.</summary>
    public StoreNode First => _stores[0];

    public StoreNode Second => _stores[1];

    /// <summary>What was being written when it died, each kind once.</summary>
    public SortedSet<string> Hit { get; } = new(StringComparer.Ordinal);

    public async Task OpenAsync()
    {
        var logs = Directory.CreateDirectory(Path.Combine(_folder, "logs")).FullName;
        foreach (var name in storage.Length > 0 ? (string[])["hub", "hub-2"] : ["hub"])
        {
            var hub = new HubNode(Path.Combine(_folder, name), logs, hubIsMortal ? Child.Mortal : Child.Shipped) { Storage = storage, Parts = partArguments.Length == 0 ? "" : Path.Combine(_folder, "parts"), Arguments = partArguments };
            _hubs.Add(hub);
            if (hub != _hubs[0])
            {
                HubSetup.TakeOver(hub.Folder, _hub.Folder);
                File.Copy(Path.Combine(_hub.Folder, "admin.token"), Path.Combine(hub.Folder, "admin.token")); // the token is the chain's
            }

            await hub.StartAsync();
            _hub ??= hub;
        }

        foreach (var number in (int[])[1, 2])
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"store{number}");
            var store = new StoreNode(number, Path.Combine(_folder, name), logs, !hubIsMortal && number == 1 ? Child.Mortal : Child.Shipped);
            _stores.Add(store);
            await store.EnrolAsync(_hub);
            await store.StartAsync(hubPorts: HubPorts);
        }

        await RestAsync();
    }

    /// <summary>Runs the script once for every side of every write of the mortal process (or every <c>stride</c>-th of them), until it lives through a whole run.</summary>
    /// <param name="script">What is done; its argument counts up, so that every run asks under names of its own.</param>
    public Task SweepAsync(Func<int, Task> script) => SweepAsync(script, order =>
    {
        if (hubIsMortal)
        {
            _hub.Order(order);
        }
        else
        {
            First.Order(order);
        }

        return Task.CompletedTask;
    });

    /// <summary>The same where the process is started for the script, with the order that it begins with.</summary>
    public async Task SweepAsync(Func<int, Task> script, Func<string, Task> order)
    {
        foreach (var side in (string[])["before", "after"])
        {
            var (write, isAlive) = (1, false);
            for (; !isAlive; write += stride)
            {
                var deaths = _deaths;
                _rounds++;
                await order(string.Create(CultureInfo.InvariantCulture, $"{side} {write}"));
                await script(_rounds);
                await RestAsync();
                isAlive = _deaths == deaths;
                if (_deaths > deaths + 1)
                {
                    throw new InvalidOperationException($"It died {_deaths - deaths} times of one order: {side} {write}.");
                }
            }

            say($"{side}: it lived through a run with an order for write {write - stride}; {_deaths} deaths so far");
        }

        foreach (var line in (hubIsMortal ? _hubs.Select(hub => Path.GetFileName(hub.Folder)) : ["store1"]).SelectMany(name => File.ReadLines(Path.Combine(_folder, "logs", name + ".log"))).Where(line => line.StartsWith("killed ", StringComparison.Ordinal)))
        {
            Hit.UnionWith(line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..].Split(' '));
        }

        say($"hit: {string.Join(", ", Hit)}");
    }

    /// <summary>The hub that leads dies now.</summary>
    public void KillHub() => _hub.Die();

    /// <summary>Ends every process and counts everything once more.</summary>
    public List<string> Judge()
    {
        foreach (var store in _stores)
        {
            store.Kill();
        }

        _hubs.ForEach(hub => hub.Kill());
        var report = Rest.Read(_hub, _stores);
        say($"{_rounds} rounds, {_deaths} deaths, {_receipts}; {report.OpsApplied} ops applied; audit: {string.Join(", ", report.Counts.Select(count => $"{count.Value} {count.Key}"))}");
        return [.. _receipts.Faults, .. report.Findings.Concat(report.Unsettled).Select(finding => finding.ToString()), .. Bank.Check(_hub, report, _receipts.All, new HashSet<string>(StringComparer.Ordinal), say)];
    }

    /// <summary>Asks a till's agent until it answers.</summary>
    public Task<TAnswer> AskAsync<TAnswer>(StoreNode store, Func<Till.TillClient, CallOptions, AsyncUnaryCall<TAnswer>> call) =>
        AnsweredAsync(async () => await call(store.Till!, new CallOptions(null, DateTime.UtcNow + CallPatience)));

    /// <summary>Asks headquarters until it answers.</summary>
    public Task<TAnswer> AskHqAsync<TAnswer>(Func<GrpcChannel, CallOptions, AsyncUnaryCall<TAnswer>> call) => AnsweredAsync(() => _hub.AskAsync(call));

    /// <summary>A payment that must come about; one that is refused is tried again under another name, because a store that just died may have to fetch rights first.</summary>
    public async Task<Receipt> PayAsync(StoreNode store, string request, Func<Till.TillClient, string, CallOptions, AsyncUnaryCall<OpAnswer>> call)
    {
        var refused = "";
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{request}-{attempt}");
            var answer = await AskAsync(store, (till, options) => call(till, name, options));
            if (answer.Receipt is { } receipt)
            {
                _receipts.Print(name, receipt);
                return receipt;
            }

            refused = answer.Rejection.ToString();
            _receipts.Refuse(name, answer.Rejection);
            await Task.Delay(BetweenCalls);
        }

        throw new TimeoutException($"{request} was refused {MostAttempts} times, at last with {refused}");
    }

    /// <summary>Closes a store's day.</summary>
    public async Task CloseDayAsync(StoreNode store, string request) =>
        _receipts.Print(request, (await AskAsync(store, (till, options) => till.CloseDayAsync(new CloseDayRequest { RequestId = request }, options))).Op);

    /// <summary>Waits until everything is at rest, and looks at the books.</summary>
    public async Task RestAsync()
    {
        var report = await Rest.WaitAsync(() => _hub, _stores, static _ => true, ReviveAsync);
        if (report.Findings.Count > 0)
        {
            throw new InvalidOperationException(string.Join(Environment.NewLine, report.Findings.Select(finding => finding.ToString()).Prepend($"Round {_rounds}:")));
        }
    }

    /// <summary>Starts whatever has ended itself.</summary>
    public async Task ReviveAsync()
    {
        if (_hub.HasEnded)
        {
            _deaths++;
            _hub.Kill();
            var dead = _hub;
            if (_hubs.Find(hub => hub != dead) is { } next)
            {
                await Until.TrueAsync(() => Task.FromResult(next.IsLeading), () => "the other hub leads");
                _hub = next;
            }

            await dead.StartAsync(); // and stands by
        }

        foreach (var store in _stores.Where(store => store.HasEnded))
        {
            _deaths++;
            store.Kill();
            await store.StartAsync(hubPorts: HubPorts);
        }
    }

    /// <summary>Exchanges the first store's database for an older copy, and starts its agent under an order.</summary>
    public async Task ForgetAsync(string order)
    {
        First.Kill();
        var backup = Path.Combine(_folder, "backup");
        if (Directory.Exists(backup))
        {
            Directory.Delete(backup, recursive: true);
        }

        Disk.Copy(First.Folder, backup);
        await First.StartAsync(hubPorts: HubPorts);
        await AskAsync(First, (till, options) => till.RegisterAsync(new RegisterRequest { RequestId = $"forgotten{_rounds}", Name = "Eve", Card = $"forgotten{_rounds}" }, options));
        await RestAsync(); // the hub has it, so nothing is lost but the store's memory
        First.Kill();
        Disk.Restore(backup, First.Folder);
        try
        {
            await First.StartAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["SYNCHUB_KILL"] = order }, HubPorts);
        }
        catch (ChildEndedException)
        {
            // It died before it served tills.
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores)
        {
            await store.DisposeAsync();
        }

        _hubs.ForEach(hub => hub.Dispose());
        if (KeepsFiles)
        {
            say($"The files are in {_folder}.");
            return;
        }

        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Whether the files are left where they are, for somebody who wants to know why.</summary>
    public bool KeepsFiles { get; set; } = true;

    private IReadOnlyList<int> HubPorts => [.. _hubs.Select(hub => hub.Port)];

    private async Task<TAnswer> AnsweredAsync<TAnswer>(Func<Task<TAnswer>> ask)
    {
        for (var attempt = 1; ; attempt++)
        {
            await ReviveAsync();
            try
            {
                return await ask();
            }
            catch (RpcException fault) when (attempt < MostAttempts && fault.StatusCode is not (StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.NotFound))
            {
                await Task.Delay(BetweenCalls);
            }
        }
    }
}
