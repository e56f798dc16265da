using System.Globalization;
using Grpc.Core;
using SyncHub.V1;
using SyncHub.Testing;

namespace SyncHub.Faults.Tests;

internal sealed partial class Campaign
{
    private const int LeastForgotten = 3;
    private static readonly Dictionary<string, string> NoEnvironment = [];

    // Begins a fault of this kind on somebody of the dice's choice; false where that one has another fault now.
    private async Task<bool> TryBeginAsync(FaultKind kind)
    {
        var store = kind == FaultKind.FillDisk ? _smallDisk! : _stores[_dice.Next(_stores.Count)];
        var on = kind switch
        {
            FaultKind.KillHub or FaultKind.PauseHub or FaultKind.RestoreHub => "hub",
            FaultKind.CutLine or FaultKind.SilenceLine or FaultKind.SlowLine or FaultKind.ReclaimStore => $"line {store.Number}",
            FaultKind.MergeMembers or FaultKind.LendToMember or FaultKind.HandInReceipts => "headquarters",
            FaultKind.JumpClock => $"clock {store.Number}",
            _ => $"agent {store.Number}",
        };
        var lasts = TimeSpan.FromMilliseconds(_dice.Next(300, 3_000));
        if (IsBusy(on) || (kind is FaultKind.CloneAgent or FaultKind.ReclaimStore or FaultKind.MergeMembers or FaultKind.LendToMember or FaultKind.HandInReceipts && IsBusy("hub")) || (kind is FaultKind.RestoreAgent && IsBusy($"line {store.Number}")))
        {
            return false;
        }

        if (kind == FaultKind.CloneAgent && (IsBusy($"line {store.Number}") || !await store.IsAsync(state => state is { Online: true, Locked: false })))
        {
            return false; // of a life that was given up any machine may ask for the next one, and a copy that comes first gets it
        }

        if (kind == FaultKind.RestoreAgent && (!await HasBackupAsync(store) || !await HubHasHeardAsync()))
        {
            return false; // there is nothing yet that could be forgotten, or this disk is the only one that knows what the hub has confirmed
        }

        if (kind == FaultKind.RestoreHub)
        {
            say($"{Now}: {kind} on {on}");
            return await RestoreHubAsync();
        }

        say($"{Now}: {kind} on {on}");
        var heal = kind switch
        {
            FaultKind.KillHub => KillHub(),
            FaultKind.KillAgent => KillAgent(store),
            FaultKind.PauseHub => Pause(_hub.Pause, _hub.Resume),
            FaultKind.PauseAgent => Pause(store.Pause, store.Resume),
            FaultKind.CutLine => Set(store.Line, LineState.Cut),
            FaultKind.SilenceLine => Set(store.Line, LineState.Silent),
            FaultKind.SlowLine => Set(store.Line, LineState.Slow, _dice.Next(20, 400)),
            FaultKind.RestoreAgent => await RestoreAsync(store),
            FaultKind.CloneAgent => await CloneAsync(store),
            FaultKind.FillDisk => FillDisk(store),
            FaultKind.JumpClock => JumpClock(store),
            FaultKind.ReclaimStore => await ReclaimAsync(store),
            FaultKind.MergeMembers => await MergeAsync(),
            FaultKind.LendToMember => await LendAsync(),
            FaultKind.HandInReceipts => await HandInAsync(),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such fault."),
        };
        if (heal is not null)
        {
            _open.Add(new OpenFault($"{kind} on {on}", on, _watch.Elapsed + lasts, heal));
        }

        return true;
    }

    private bool IsBusy(string on) => _open.Any(fault => fault.On == on);

    private Func<Task> KillHub()
    {
        foreach (var store in _stores)
        {
            store.Line.Pass(null);
        }

        _hub.Kill();
        return async () =>
        {
            await _hub.StartAsync();
            foreach (var store in _stores)
            {
                store.Line.Pass(_hub.Address);
            }
        };
    }

    private Func<Task> KillAgent(StoreNode store)
    {
        store.Kill();
        BackUp(store);
        return () => store.StartAsync();
    }

    private static Func<Task> Pause(Action pause, Action resume)
    {
        pause();
        return Later(resume);
    }

    private static Func<Task> Set(Line line, LineState state, int delayMs = 0)
    {
        line.Set(state, delayMs);
        return Later(() => line.Set(LineState.Whole));
    }

    private static Func<Task> FillDisk(StoreNode store)
    {
        SmallDisk.Fill(store.Folder);
        return Later(() => SmallDisk.MakeSpace(store.Folder));
    }

    private Func<Task> JumpClock(StoreNode store)
    {
        var sign = _dice.Next(2) == 0 ? '+' : '-';
        var time = _dice.Next(5) switch
        {
            0 => FakeClock.Dead,
            1 => string.Create(CultureInfo.InvariantCulture, $"{sign}{_dice.Next(1, 90)}m"),
            2 => string.Create(CultureInfo.InvariantCulture, $"{sign}{_dice.Next(1, 72)}h"),
            3 => string.Create(CultureInfo.InvariantCulture, $"{sign}{_dice.Next(3, 400)}d"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{sign}{_dice.Next(400, 4_000)}d"),
        };
        say($"{Now}: the clock of store {store.Number} says {time}");
        store.Clock.Set(time);
        return Later(() => store.Clock.Set(FakeClock.Right));
    }

    // The guard file stays: the agent must not sell by what it has forgotten, and goes on in a new life by itself.
    private async Task<Func<Task>?> RestoreAsync(StoreNode store)
    {
        store.Line.Set(LineState.Cut);
        _hubBackup = ""; // of what this disk forgets the hub may have the only copy: no protocol brings back what two disks lost
        store.Restores++;
        store.Kill();
        var lost = Disk.Ops(store.Folder);
        Disk.Restore(_backups[store.Number].Folder, store.Folder);
        var kept = Disk.Ops(store.Folder).Select(op => op.Hash).ToHashSet(StringComparer.Ordinal);
        lost.RemoveAll(op => kept.Contains(op.Hash));
        foreach (var (incarnation, sequence, hash) in lost)
        {
            _destroyed.Add(hash);
            _destroyed.Add(Bank.NameOf(new OpId { Store = store.Number, Incarnation = incarnation, Sequence = sequence }));
        }

        await store.StartAsync();
        if (lost.Count > 0)
        {
            _endedLives[store.Number] = Math.Max(_endedLives.GetValueOrDefault(store.Number), lost.Max(op => op.Incarnation));
            await ExpectLockedAsync(store, "an older copy", "has ended"); // or one that was locked when it was made, as its life had been reclaimed
        }

        say($"{Now}: store {store.Number} forgot {lost.Count} ops");
        _open.Add(new OpenFault($"its line, while store {store.Number} is locked", $"line {store.Number}", _watch.Elapsed + TimeSpan.FromMilliseconds(_dice.Next(1_000)), Later(() => store.Line.Set(LineState.Whole))));
        return null;
    }

    // Another machine has no guard of this database, and another key: the hub puts it in quarantine while the store goes on.
    private async Task<Func<Task>?> CloneAsync(StoreNode store)
    {
        store.Kill();
        await using var clone = new StoreNode(store.Number, Path.Combine(_folder, $"clone{Guid.NewGuid():n}"), Logs);
        Disk.Copy(store.Folder, clone.Folder);
        await store.StartAsync();
        await clone.StartAsync(NoEnvironment, [_hub.Address!.Port]);
        await ExpectLockedAsync(clone);
        await Until.TrueAsync(() => clone.IsAsync(state => state.Trouble.Contains("belongs to machine", StringComparison.Ordinal)), () => $"the copy of store {store.Number} is in quarantine");
        await Until.TrueAsync(async () => (await _hub.ListStoresAsync()).Stores.Single(state => state.Store == store.Number).Quarantine.Length > 0, () => $"headquarters sees the copy of store {store.Number}");
        await ExpectLockedAsync(clone);
        return null;
    }

    private async Task ExpectLockedAsync(StoreNode store, params string[] reasons)
    {
        var status = await store.StatusAsync();
        if (!status.Locked || (reasons.Length > 0 && !reasons.Any(reason => status.Trouble.Contains(reason, StringComparison.Ordinal))))
        {
            _receipts.Fault($"{store.Folder} should be locked because of {string.Join(" or ", reasons)}: {status}");
        }

        try
        {
            var answer = await store.Till!.TopUpAsync(new TopUpRequest { RequestId = $"locked{Guid.NewGuid():n}", MemberId = _members[0], AmountMinor = 100 }, deadline: DateTime.UtcNow + TimeSpan.FromSeconds(5));
            if (answer.Receipt is not null) // an older copy may not even know the member
            {
                _receipts.Fault($"{store.Folder} is locked and answered {answer}");
            }
        }
        catch (RpcException fault)
        {
            say($"{Now}: {store.Folder} gave no answer while it was locked: {fault.Status}");
        }
    }

    // A backup, and ops that it does not know.
    private async Task<bool> HasBackupAsync(StoreNode store)
    {
        if (_backups.TryGetValue(store.Number, out var backup))
        {
            return ReceiptsOf(store) >= backup.Receipts + LeastForgotten;
        }

        store.Kill();
        BackUp(store);
        await store.StartAsync();
        return false;
    }

    // Whether a hub that was restored has everything again.
    private async Task<bool> HubHasHeardAsync()
    {
        try
        {
            return !_isHubRestored || (!IsBusy("hub") && (await _hub.ListStoresAsync()).Stores.All(store => !store.Reconciling));
        }
        catch (RpcException)
        {
            return false; // it is not there to say
        }
    }

    private void BackUp(StoreNode store)
    {
        var folder = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"backup{store.Number}"));
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true); // never a log of one time beside a database of another
        }

        Disk.Copy(store.Folder, folder);
        _backups[store.Number] = (folder, ReceiptsOf(store));
    }

    private int ReceiptsOf(StoreNode store) => _receipts.All.Count(printed => printed.Op.Store == store.Number);

    private static Func<Task> Later(Action heal) => () =>
    {
        heal();
        return Task.CompletedTask;
    };
}
