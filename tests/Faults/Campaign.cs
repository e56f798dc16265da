using System.Diagnostics;
using System.Globalization;
using SyncHub.Core.Rules;
using SyncHub.V1;
using SyncHub.Testing;

namespace SyncHub.Faults.Tests;

/// <summary>A hub and three stores as processes, tills that pay, and faults by the dice; afterwards everything is healed and counted.</summary>
/// <remarks>The seed decides which faults come in which order, to whom and for how long, and what the tills ask; the processes' own timing it cannot decide.</remarks>
internal sealed partial class Campaign(int seed, Action<string> say) : IAsyncDisposable
{
    private const int StoreCount = 3;
    private const int MemberCount = 5;

    private readonly string _folder = Directory.CreateTempSubdirectory("faults").FullName;
    private readonly Random _dice = new(seed);
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly List<StoreNode> _stores = [];
    private readonly List<string> _members = [];
    private readonly List<OpenFault> _open = [];
    private readonly Receipts _receipts = new();
    private readonly HashSet<string> _destroyed = new(StringComparer.Ordinal);
    private readonly Dictionary<int, (string Folder, int Receipts)> _backups = [];
    private readonly Dictionary<int, long> _endedLives = [];
    private HubNode _hub = null!; // set by the first step
    private StoreNode? _smallDisk;

    private string Logs => Directory.CreateDirectory(Path.Combine(_folder, "logs")).FullName;

    /// <summary>Whether the files are left where they are, for somebody who wants to know why.</summary>
    public bool KeepsFiles { get; set; } = true;

    /// <summary>Runs the whole campaign.</summary>
    /// <returns>What is wrong; empty where nothing is.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(TimeSpan length)
    {
        await OpenAsync();
        using var closing = new CancellationTokenSource();
        var tills = _stores.Select(store => Task.Run(() => new TillDriver(store, _members, _receipts, (seed * 31) + store.Number).RunAsync(closing.Token))).ToList();
        var begun = _watch.Elapsed;
        var deck = new Deck(_dice, KindsPossible());
        while (_watch.Elapsed - begun < length || (deck.Rounds == 0 && _watch.Elapsed - begun < 2 * length))
        {
            await HealAsync(_watch.Elapsed);
            var kind = deck.Draw();
            if (await TryBeginAsync(kind))
            {
                deck.Done();
            }
            else
            {
                deck.Back(kind);
            }

            await Task.Delay(_dice.Next(100, 500), CancellationToken.None);
        }

        say($"{Now}: healing{(deck.Rounds == 0 ? "; NOT DONE in this time: " + string.Join(", ", deck.Left) : "")}");
        await HealAsync(TimeSpan.MaxValue);
        await closing.CancelAsync();
        await Task.WhenAll(tills);
        say($"{Now}: {_receipts}");
        await ConvergeAsync();
        say($"{Now}: converged");
        return [.. _receipts.Faults, .. Judge()];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores)
        {
            await store.DisposeAsync();
        }

        _hub?.Dispose();
        if (_smallDisk is { } mounted)
        {
            Disk.Copy(mounted.Folder, mounted.Folder + ".kept");
            SmallDisk.Unmount(mounted.Folder);
        }

        if (KeepsFiles)
        {
            say($"The files are in {_folder}.");
            return;
        }

        Directory.Delete(_folder, recursive: true);
    }

    private string Now => string.Create(CultureInfo.InvariantCulture, $"{_watch.Elapsed.TotalSeconds:0.0} s");

    private async Task OpenAsync()
    {
        var rules = Path.Combine(_folder, "rules.json");
        var preset = RulesetJson.Preset("youzan");
        await File.WriteAllTextAsync(rules, RulesetJson.Write(preset with { Floor = preset.Floor with { PerMemberMinor = 1_500, StoreBudgetMinor = 20_000 } }));
        _hub = new HubNode(Path.Combine(_folder, "hub"), Logs) { Ruleset = rules };
        await _hub.StartAsync();
        for (var number = 1; number <= StoreCount; number++)
        {
            var store = new StoreNode(number, Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"store{number}")), Logs);
            _stores.Add(store);
            if (number == StoreCount && SmallDisk.TryMount(store.Folder, 24))
            {
                _smallDisk = store;
            }

            await store.EnrolAsync(_hub);
        }

        await Task.WhenAll(_stores.Select(store => store.StartAsync()));
        await Task.WhenAll(_stores.Select(OnlineAsync));
        for (var i = 0; i < MemberCount; i++)
        {
            var till = _stores[i % StoreCount].Till!;
            var request = string.Create(CultureInfo.InvariantCulture, $"m{i}");
            var member = (await till.RegisterAsync(new RegisterRequest { RequestId = request, Name = "Ann", Card = request })).Member.MemberId;
            _members.Add(member);
            _receipts.Print(request + "-t", (await till.TopUpAsync(new TopUpRequest { RequestId = request + "-t", MemberId = member, AmountMinor = 100_000 })).Receipt);
        }
    }

    private List<FaultKind> KindsPossible()
    {
        var kinds = Enum.GetValues<FaultKind>().ToList();
        if (_smallDisk is null)
        {
            kinds.Remove(FaultKind.FillDisk);
            say("SKIPPED: FillDisk needs root and the right to mount a small file system.");
        }

        if (!FakeClock.IsPossible)
        {
            kinds.Remove(FaultKind.JumpClock);
            say("SKIPPED: JumpClock needs libfaketime (Debian: package faketime).");
        }

        return kinds;
    }

    // Everything that is due; all of it at the end of time.
    private async Task HealAsync(TimeSpan now)
    {
        foreach (var fault in _open.Where(fault => fault.Until <= now).ToList())
        {
            _open.Remove(fault);
            await fault.Heal();
            say($"{Now}: over: {fault.Name}");
        }
    }

    private Task OnlineAsync(StoreNode store) => Until.TrueAsync(() => store.IsAsync(state => state.Online), () => $"store {store.Number} is online");

    private async Task ConvergeAsync() =>
        await Rest.WaitAsync(() => _hub, _stores, list => list.Stores.All(store => !store.Reconciling && store.Incarnation > Math.Max(_endedLives.GetValueOrDefault(store.Store), _reclaimedLives.GetValueOrDefault(store.Store))), static () => Task.CompletedTask);

    private IEnumerable<string> Judge()
    {
        foreach (var store in _stores)
        {
            store.Kill(); // even the end is a crash: what was acknowledged must be on the disk
        }

        _hub.Kill();
        var report = Rest.Read(_hub, _stores);
        say($"{report.OpsApplied} ops applied, {report.OpsInvented} that only the hub has; audit: {string.Join(", ", report.Counts.Select(count => $"{count.Value} {count.Key}"))}");
        return report.Findings.Concat(report.Unsettled).Select(finding => finding.ToString())
            .Concat(Bank.Check(_hub, report, _receipts.All, _destroyed, say));
    }

    /// <summary>A fault that lasts.</summary>
    /// <param name="Name">For people.</param>
    /// <param name="On">What it holds: no other fault may touch that meanwhile.</param>
    /// <param name="Until">When it is over.</param>
    /// <param name="Heal">How it is ended.</param>
    private sealed record OpenFault(string Name, string On, TimeSpan Until, Func<Task> Heal);
}
