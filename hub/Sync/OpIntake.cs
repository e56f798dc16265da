using System.Globalization;
using Google.Protobuf;
using SyncHub.Core.Cases;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Hub.Cases;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Refunds;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Hub.Sync;

/// <summary>Hands a verified op to the grain of its member; one that nobody can read is kept in its place all the same.</summary>
internal static class OpIntake
{
    /// <summary>Hands an op on.</summary>
    /// <param name="incoming">The op with its place in the chain.</param>
    /// <param name="place">That chain and number.</param>
    /// <param name="life">The life whose log it is; for a branch not the chain's own number.</param>
    /// <param name="link">Who hears when it is durable.</param>
    /// <param name="parts">The hub.</param>
    public static void HandOn(IncomingOp incoming, OpId place, Holder life, StoreLink link, HubParts parts)
    {
        Core.Ops.Op op;
        try
        {
            op = OpCodec.Decode(incoming.Bytes);
        }
        catch (Exception fault) when (fault is InvalidProtocolBufferException or InvalidDataException)
        {
            KeepWithoutMember(incoming, place, Classification.Anomaly, "Parked: the bytes are no op. " + fault.Message, link, parts);
            return;
        }

        if (Switches.IsOff(Mechanism.UnknownOpsAreKept) && !Enum.IsDefined(op.Type))
        {
            return;
        }

        if (op.Id != new OpId(life, incoming.Sequence))
        {
            KeepWithoutMember(incoming, place, Classification.Anomaly, string.Create(CultureInfo.InvariantCulture, $"Parked: the op calls itself {op.Id}."), link, parts);
            return;
        }

        if (op.Member == default)
        {
            KeepWithoutMember(incoming, place, Classification.Normal, "", link, parts, ClosedDays.MoveFor(op, place, incoming));
            return;
        }

        parts.Grains.Post(new GrainMessage(op.Member, new OpArrived(op) { Place = place, HashHead = incoming.Hash.Head }, incoming));
    }

    /// <summary>Keeps an op in its chain that a branch of it brought before: it is in the ledger already.</summary>
    public static void KeepKnown(IncomingOp incoming, OpId place, StoreLink link, HubParts parts) => KeepWithoutMember(incoming, place, Classification.Normal, "", link, parts);

    private static void KeepWithoutMember(IncomingOp incoming, OpId place, Classification classification, string note, StoreLink link, HubParts parts, CursorMove? closed = null)
    {
        var batch = new JournalBatch();
        batch.Cursors.AddRange(closed is { } move ? [move] : []);
        batch.Facts.Add(new NewFact(new ProducerId(place.Holder.Store.Value, place.Holder.Incarnation.Value), place.Sequence, incoming.Hash.ToBytes(), incoming.Bytes));
        if (classification != Classification.Normal)
        {
            CaseBook.Open(batch, CaseRules.Unreadable(place, note, parts.NowMs()));
        }

        parts.Pipeline.Submit(batch, null, () => parts.Router.Applied(link, place, classification, note));
    }
}
