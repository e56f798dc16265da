using SyncHub.Demo.Chain;
using SyncHub.Demo.Links;
using SyncHub.Demo.Outages;

namespace SyncHub.Demo.Replay;

/// <summary>Lets go wrong what the schedule says, when the replay comes to it. Kills and restarts go on beside the replay.</summary>
internal sealed class Mishaps(Schedule schedule, StoreChain chain, ulong seed, CancellationToken cancellation)
{
    private const int HubDownMs = 2_000;     // long enough that every store notices, and sells on
    private const int HubDownMoreMs = 1_000; // up to this much longer, by the seed

    private readonly List<Task> _repairs = [];
    private readonly List<string> _kills = [];
    private int _next;

    /// <summary>What was killed, for the report.</summary>
    public IReadOnlyList<string> Kills => _kills;

    /// <summary>Everything due before this row.</summary>
    public void Raise(int row)
    {
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
                    _repairs.Add(KillAgentAsync(store));
                    break;
                case MishapKind.KillHub:
                    _kills.Add($"hub at row {row}");
                    _repairs.Add(KillHubAsync());
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
        await Task.WhenAll(_repairs);
    }

    private async Task KillAgentAsync(Store store)
    {
        await store.KillAsync();
        await store.RestartAsync(cancellation);
    }

    private async Task KillHubAsync()
    {
        await chain.KillHubAsync();
        await Task.Delay(HubDownMs + new SplitMix64(seed).Below(HubDownMoreMs), cancellation);
        await chain.RestartHubAsync(cancellation);
    }
}
