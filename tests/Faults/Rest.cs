using Grpc.Core;
using SyncHub.V1;
using SyncHub.Verify;

namespace SyncHub.Faults.Tests;

/// <summary>Waits until a chain has come to rest by itself: every store online, unlocked, drained and up to date, and nothing on its way.</summary>
internal static class Rest
{
    /// <summary>Waits; throws what was missing where that takes too long.</summary>
    /// <param name="hub">The hub that leads; asked at each look, because another one may have taken its place.</param>
    /// <param name="stores">All stores that live.</param>
    /// <param name="isMore">What else must hold of headquarters' list.</param>
    /// <param name="before">Done before each look, to start what has ended.</param>
    /// <returns>The audit of the files at rest.</returns>
    public static async Task<AuditReport> WaitAsync(Func<HubNode> hub, IReadOnlyCollection<StoreNode> stores, Func<ListStoresResponse, bool> isMore, Func<Task> before)
    {
        var last = "nothing heard";
        AuditReport? report = null;
        await Until.TrueAsync(async () =>
        {
            await before();
            try
            {
                var list = await hub().ListStoresAsync();
                var states = await Task.WhenAll(stores.Select(store => store.StatusAsync()));
                last = string.Join(Environment.NewLine, states.Select(state => state.ToString()).Append($"journal at {list.JournalPosition}").Concat(list.Stores.Select(store => store.ToString())));
                if (!states.All(state => state is { Online: true, Locked: false, BacklogOps: 0 } && state.FeedPosition >= list.JournalPosition) || !isMore(list))
                {
                    return false;
                }

                report = Read(hub(), stores);
                last = string.Join(Environment.NewLine, report.Unsettled.Select(finding => finding.ToString()).Prepend("The audit still finds on its way:"));
                return report.Unsettled.Count == 0;
            }
            catch (RpcException fault)
            {
                last = fault.Message;
                return false;
            }
        }, () => $"all stores are online, unlocked, drained and up to date: {last}");
        return report!;
    }

    /// <summary>The audit of the files as they are.</summary>
    public static AuditReport Read(HubNode hub, IEnumerable<StoreNode> stores) => Audit.Run(hub.Folder, [.. stores.Select(store => store.Folder)], new AuditOptions { Storage = hub.Storage, Parts = hub.Parts });
}
