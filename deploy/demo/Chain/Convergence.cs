using System.Diagnostics;
using Grpc.Core;
using SyncHub.V1;

namespace SyncHub.Demo.Chain;

/// <summary>Waits until every store has told the hub everything, and heard everything from it.</summary>
internal static class Convergence
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits.</summary>
    /// <returns>How long it took, and what is still missing where the time was over; null where nothing is.</returns>
    public static async Task<(TimeSpan Took, string? Missing)> WaitAsync(StoreChain chain, CancellationToken cancellation)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            chain.ThrowIfCrashed();
            var missing = await FindMissingAsync(chain, cancellation);
            var took = Stopwatch.GetElapsedTime(since);
            if (missing is null || took > Patience)
            {
                return (took, missing);
            }

            await Task.Delay(Pause, cancellation);
        }
    }

    private static async Task<string?> FindMissingAsync(StoreChain chain, CancellationToken cancellation)
    {
        ListStoresResponse hub;
        try
        {
            hub = await chain.Hub.ListStoresAsync(cancellation);
        }
        catch (RpcException error) when (!cancellation.IsCancellationRequested)
        {
            return $"the hub does not answer: {error.Status}";
        }

        if (hub.Stores.FirstOrDefault(store => store.Enrolled && !store.Online) is { } offline)
        {
            return $"the hub does not see store {offline.Store}";
        }

        var agents = await Task.WhenAll(chain.Stores.Select(store => store.TryStatusAsync(cancellation)));
        var missing = agents.Index().Select(agent => FindMissing(agent.Item, hub) is { } what ? $"store {agent.Index + 1} {what}" : null).OfType<string>().ToArray();
        return missing.Length == 0 ? null : string.Join("; ", missing);
    }

    private static string? FindMissing(StatusAnswer? agent, ListStoresResponse hub) => agent switch
    {
        null => "does not answer",
        { Locked: true } => $"is locked: {agent.Trouble}",
        { Online: false } => "is offline",
        { BacklogOps: > 0 } => $"still has {agent.BacklogOps} ops to tell",
        _ when agent.TipSequence != agent.CommittedSequence => $"is at op {agent.TipSequence}, and {agent.CommittedSequence} are committed",
        _ when agent.Cells.Index().FirstOrDefault(cell => cell.Item.FeedPosition < hub.Cells[cell.Index].JournalPosition) is { Item: { } behind } cell => $"has heard {behind.FeedPosition} of {hub.Cells[cell.Index].JournalPosition} in cell {behind.Cell}",
        _ when agent.Cells.Count == 0 && agent.FeedPosition < hub.JournalPosition => $"has heard {agent.FeedPosition} of {hub.JournalPosition}",
        _ => null,
    };
}
