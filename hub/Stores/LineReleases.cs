using Microsoft.Extensions.Logging;
using SyncHub.Core.Identity;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;

namespace SyncHub.Hub.Stores;

/// <summary>Takes from lives that ended what they held, member by member: what is free again may be granted elsewhere.</summary>
/// <remarks>Thread-safe. What is to be released is written with the store; a hub that stops in the midst begins anew, and a member gone through twice changes nothing.</remarks>
internal sealed class LineReleases(HubParts parts)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Holder, MemberWalk> _underWay = [];

    /// <summary>Starts to release a life as its store's record says; a run under way begins again.</summary>
    /// <param name="store">The store.</param>
    /// <param name="number">Its life.</param>
    /// <param name="done">Told, at the end, how much money was released, and of how many members.</param>
    public void Start(StoreId store, Incarnation number, Action<long, long>? done)
    {
        if (parts.Stores.Find(store)!.Lives.Find(number) is not { } life || life.Release == ReleaseKind.None)
        {
            return;
        }

        var holder = new Holder(store, number);
        MemberWalk? walk = null;
        walk = new MemberWalk(parts.Journal, parts.Grains, parts.Schedule, 0, long.MaxValue, self => new ReleaseWanted(holder, life.Release, life.Payer, life.Approver, self), () => Finish(holder, walk!, done));
        lock (_gate)
        {
            if (_underWay.Remove(holder, out var before))
            {
                before.Stop();
            }

            _underWay.Add(holder, walk);
        }

        walk.Start();
    }

    private void Finish(Holder holder, MemberWalk walk, Action<long, long>? done)
    {
        lock (_gate)
        {
            if (_underWay.GetValueOrDefault(holder) != walk)
            {
                return;
            }

            _underWay.Remove(holder);
        }

        parts.Stores.Update(holder.Store, known => known.Lives.Find(holder.Incarnation) is { } life
            ? known with { Lives = known.Lives.Put(life with { IsReleased = true, Status = life.Release == ReleaseKind.Closed ? LifeStatus.Closed : life.Status }) }
            : known);
        parts.Log.LogInformation("What life {Life} of store {Store} held was released: {Amount} of {Members} members", holder.Incarnation, holder.Store, walk.AmountMinor, walk.Moved);
        if (parts.Stores.Find(holder.Store)?.Lives.Find(holder.Incarnation) is { Release: ReleaseKind.Reclaimed })
        {
            parts.Receipts?.OnReclaimed(holder);
        }

        done?.Invoke(walk.AmountMinor, walk.Moved);
    }
}
