using System.Collections.Concurrent;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Hub.Stores;
using SyncHub.Storage;

namespace SyncHub.Hub.Refunds;

/// <summary>Up to where each store gave its refund rights up: the cursor "closed", moved in the commit that holds the day close.</summary>
/// <remarks>
/// A close counts only when the hub has every op before it, because only then it knows all that the store had undone. The last op of a dead
/// life moves the same cursor: then all of its rights are the hub's. Thread-safe.
/// </remarks>
internal sealed class ClosedDays(IJournal journal)
{
    private const string Cursor = "closed";
    private const int Page = 1000;
    private const int PageBytes = 4 << 20;
    private readonly ConcurrentDictionary<Holder, long> _covered = new();

    /// <summary>The move that goes with a day close or the end of a life; null where the op gives nothing up, or lies in a branch of its life.</summary>
    public static CursorMove? MoveFor(Op op, OpId place, IncomingOp incoming) =>
        place == op.Id && (op.Type == OpType.CloseIncarnation || (op.Type == OpType.CloseDay && op.ClosedUpTo == incoming.Sequence))
            ? new CursorMove(Cursor, ProducerOf(op.Id.Holder), incoming.Sequence, incoming.Hash.ToBytes())
            : null;

    /// <summary>The newest close of a holder before which the hub has everything; 0 for none.</summary>
    public long UpTo(Holder holder)
    {
        var closed = journal.ReadCursor(Cursor, ProducerOf(holder))?.Sequence ?? 0;
        var covered = _covered.GetValueOrDefault(holder);
        return closed <= covered || (!HasAllUpTo(holder, closed) && !Switches.IsOff(Mechanism.ClosesNeedTheLog)) ? covered : _covered.AddOrUpdate(holder, closed, (_, other) => Math.Max(other, closed));
    }

    // The committed cursor may lag behind what is on the disk, so the facts above it are looked at.
    private bool HasAllUpTo(Holder holder, long sequence)
    {
        var producer = ProducerOf(holder);
        var next = (journal.ReadCursor(StoreRegistry.CommittedCursor, producer)?.Sequence ?? 0) + 1;
        while (next <= sequence)
        {
            var facts = journal.ReadFacts(producer, next, Page, PageBytes);
            if (facts.Count == 0 || facts[^1].Sequence != next + facts.Count - 1)
            {
                return false;
            }

            next = facts[^1].Sequence + 1;
        }

        return true;
    }

    private static ProducerId ProducerOf(Holder holder) => new(holder.Store.Value, holder.Incarnation.Value);
}
