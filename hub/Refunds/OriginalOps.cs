using Google.Protobuf;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;
using SyncHub.Core.Tills;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Hub.Refunds;

/// <summary>Finds the ops that voids and refunds undo: in the journal, or among those that one partition has decided and not yet written.</summary>
/// <remarks>Owned by a partition; not thread-safe. An op and its void are about one member, so they meet in one partition.</remarks>
internal sealed class OriginalOps(IJournal journal)
{
    private readonly Dictionary<OpId, Op> _underWay = [];
    private readonly Queue<(long Batch, OpId Op)> _order = new();

    /// <summary>Adds to a void or refund what it undoes; other messages stay as they are.</summary>
    public MemberMessage Fill(MemberMessage message) => message switch
    {
        OpArrived arrived => Fill(arrived),
        ResumeParkedWanted resumed => resumed with { Ops = [.. resumed.Ops.Select(Fill)] },
        _ => message,
    };

    /// <summary>An op was decided in a batch.</summary>
    public void Note(long batch, MemberEvent change)
    {
        // One that lies in a branch of its life is not what others mean by its number.
        if (change is OpApplied { Op: var op } applied && applied.Place == op.Id && UndoCheck.IsUndoable(op.Type))
        {
            _underWay[op.Id] = op;
            _order.Enqueue((batch, op.Id));
        }
    }

    /// <summary>Batches up to this one are in the journal.</summary>
    public void Forget(long released)
    {
        while (_order.TryPeek(out var oldest) && oldest.Batch <= released)
        {
            _underWay.Remove(_order.Dequeue().Op);
        }
    }

    /// <summary>An op that was applied, as it was logged; null where the journal has none that can be read, or one that was parked.</summary>
    public static OwnOp? FindDurable(IJournal journal, OpId id)
    {
        var producer = new ProducerId(id.Holder.Store.Value, id.Holder.Incarnation.Value);
        var facts = id.Sequence < 1 ? [] : journal.ReadFacts(producer, id.Sequence, 1, int.MaxValue);
        if (facts.Count == 0 || facts[0].Sequence != id.Sequence)
        {
            return null;
        }

        try
        {
            return Sound(OpCodec.Decode(facts[0].Bytes), id);
        }
        catch (Exception fault) when (fault is InvalidProtocolBufferException or InvalidDataException)
        {
            return null; // parked when it came; nothing was moved by it
        }
    }

    private OpArrived Fill(OpArrived arrived) => arrived is { Op: { Type: OpType.Void or OpType.Refund } op, Undoing: null }
        ? arrived with { Undoing = new Undoing(op.Reference is { } reference ? Find(reference) : null) }
        : arrived;

    private OwnOp? Find(OpId id) => _underWay.TryGetValue(id, out var op) ? Sound(op, id) : FindDurable(journal, id);

    private static OwnOp? Sound(Op op, OpId id) => op.Id == id && op.Member != default && OpDefects.Find(op) is null ? OwnOp.Of(op) : null;
}
