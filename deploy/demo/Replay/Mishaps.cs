using System.Diagnostics;
using SyncHub.Demo.Chain;
using SyncHub.Demo.Links;
using SyncHub.Demo.Outages;

namespace SyncHub.Demo.Replay;

/// <summary>Lets go wrong what the schedule says, when the replay comes to it. Kills and restarts go on beside the replay.</summary>
/// <remarks>
/// A hub needs seconds to be missed, restarted and found again, and a replay packs days into each of them. Without a bound the
/// hub of a year's trace would be gone for a month on a slow machine and for a week on a fast one; so the replay goes on for a
/// fixed share of the trace without the hub, and then waits for it.
/// </remarks>
internal sealed class Mishaps(Schedule schedule, StoreChain chain, int rows, ulong seed, CancellationToken cancellation)
{
    private const int HubDownMs = 2_000;     // long enough that every store notices, and sells on
    private const int HubDownMoreMs = 1_000; // up to this much longer, by the seed

    private const int HubAbsencePercent = 3;     // of the trace; the rest of an absence has no sales
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<Task> _repairs = [];
    private readonly Dictionary<Store, Task> _repairing = [];
    private readonly List<string> _kills = [];
    private readonly List<string> _upgrades = [];
    private Task _hubIsBack = Task.CompletedTask;
    private int _next;
    private int _hubAwaitedAt = int.MaxValue;

    /// <summary>What was killed, for the report.</summary>
    public IReadOnlyList<string> Kills => _kills;

    /// <summary>What was stopped and started as the newer program, for the report; what was killed started as that one too.</summary>
    public IReadOnlyList<string> Upgrades => _upgrades;

    /// <summary>Everything due before this row; waits where the replay must not go on without the hub.</summary>
    public async Task RaiseAsync(int row)
    {
        if (row >= _hubAwaitedAt)
        {
            _hubAwaitedAt = int.MaxValue;
            await _hubIsBack;
        }

        for (; _next < schedule.Mishaps.Count && schedule.Mishaps[_next].Row <= row; _next++)
        {
            var mishap = schedule.Mishaps[_next];
            var store = chain.Stores[mishap.Store];
            switch (mishap.Kind)
            {
                case MishapKind.CutRefusing:
                    store.Link.Cut(LinkLoss.Refuse);
                    break;
                case MishapKind.CutSilent:
                    store.Link.Cut(LinkLoss.Silence);
                    break;
                case MishapKind.Heal:
                    store.Link.Heal();
                    break;
                case MishapKind.KillAgent:
                    _kills.Add($"agent-{mishap.Store + 1} at row {row}");
                    Repair(store, KillAgentAsync);
                    break;
                case MishapKind.UpgradeAgent:
                    _upgrades.Add($"agent-{mishap.Store + 1} at row {row}");
                    Repair(store, UpgradeAgentAsync);
                    break;
                case MishapKind.UpgradeHub:
                    _repairs.Add(UpgradeHubAsync(row));
                    break;
                case MishapKind.KillHub:
                    _kills.Add($"hub at row {row}");
                    _hubIsBack = KillHubAsync();
                    _hubAwaitedAt = row + (int)((long)rows * HubAbsencePercent / 100);
                    break;
                default:
                    throw new InvalidOperationException($"The schedule names {mishap.Kind}, which nobody knows how to do.");
            }
        }
    }

    /// <summary>Mends every line, and waits until what was killed is back.</summary>
    public async Task HealAsync()
    {
        chain.HealAll();
        await Task.WhenAll([_hubIsBack, .. _repairs]);
    }

    // One after the other at each store: a process that is just being started cannot be stopped as well.
    private void Repair(Store store, Func<Store, Task> repair)
    {
        var before = _repairing.GetValueOrDefault(store, Task.CompletedTask);
        _repairs.Add(_repairing[store] = AfterAsync());

        async Task AfterAsync()
        {
            await before;
            await repair(store);
        }
    }

    private async Task KillAgentAsync(Store store)
    {
        await store.KillAsync();
        await store.RestartAsync(cancellation);
    }

    private async Task UpgradeAgentAsync(Store store)
    {
        await store.StopAsync();
        await store.RestartAsync(cancellation);
    }

    private async Task UpgradeHubAsync(int row)
    {
        await _hubIsBack;
        _upgrades.AddRange((await chain.UpgradeHubAsync(cancellation)).Select(hub => $"{hub.Name} at row {row}"));
    }

    private async Task KillHubAsync()
    {
        await chain.KillHubAsync(cancellation);
        await Task.Delay(HubDownMs + new SplitMix64(seed).Below(HubDownMoreMs), cancellation);
        await chain.RestartHubAsync(cancellation);
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < Patience && !await IsFoundByAllAsync())
        {
            await Task.Delay(Pause, cancellation);
        }
    }

    private async Task<bool> IsFoundByAllAsync()
    {
        var said = await Task.WhenAll(chain.Stores.Where(store => !store.Link.IsCut).Select(store => store.TryStatusAsync(cancellation)));
        return said.All(status => status is { Online: true });
    }
}
