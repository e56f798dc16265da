using SyncHub.Core.Mechanisms;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;

namespace SyncHub.Core.Members;

// Who keeps a replica of the member, and is told of each change (docs/protocol.md, "Who follows whom").
public sealed partial class MemberState
{
    /// <summary>Stores that keep a replica.</summary>
    public List<StoreId> Followers { get; } = [];

    /// <summary>The life in which a store last said by an op of its own log whether it follows; stores that never did are not in it.</summary>
    public SortedDictionary<StoreId, Incarnation> FollowWords { get; } = [];

    private void Follow(StoreId store)
    {
        if (!Followers.Contains(store))
        {
            Followers.Add(store);
        }
    }

    // The order of the log is what counts, not the order in which questions and news cross it. A branch is another machine's word, and the log of
    // an earlier life says nothing of the database that lives now.
    private void ApplyFollowing(OpApplied applied)
    {
        var (op, holder) = (applied.Op, applied.Op.Id.Holder);
        if (op.Type is not (OpType.Follow or OpType.Unfollow) || applied.Place.Holder != holder
            || (FollowWords.TryGetValue(holder.Store, out var word) && word.CompareTo(holder.Incarnation) > 0))
        {
            return;
        }

        FollowWords[holder.Store] = holder.Incarnation;
        if (op.Type == OpType.Follow)
        {
            Follow(holder.Store);
        }
        else if (HoldsNothing(holder) || Switches.IsOff(Mechanism.HoldersAreTold))
        {
            Followers.Remove(holder.Store);
            Visits.RemoveAll(visit => visit.Store == holder.Store); // or the next placement sent it rights again
        }
    }

    // What was granted while the op was on its way has to reach the store, also where it was granted to the store's next life: it goes on hearing of the
    // member, and says so with its next Follow.
    private bool HoldsNothing(Holder holder)
    {
        foreach (var bucket in Buckets)
        {
            foreach (var line in bucket.Lines)
            {
                if (line.Outstanding > 0 && line.Holder.Store == holder.Store && line.Holder.Incarnation.CompareTo(holder.Incarnation) >= 0)
                {
                    return false;
                }
            }
        }

        return Credit.FloorOf(holder).OutstandingMinor == 0;
    }
}
