using System.Buffers.Binary;
using Google.Protobuf;
using SyncHub.Core.Primitives;
using SyncHub.Core.Tills;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Engine;

/// <summary>Refund rights that the hub moved to this store, each with what the store has given back under it (protocol.md 1.12).</summary>
/// <remarks>Owned by the engine; not thread-safe. A day close ends them all by its number alone: nothing has to be deleted for that.</remarks>
internal sealed class RefundRights(Workspace work)
{
    private const string Collection = "right";

    public OwnOp? Find(OpId op) => work.Read(Collection, Key(op)) is { } bytes ? RefundCodec.ToCore(V1.RefundRight.Parser.ParseFrom(bytes), work.Holder.Store) : null;

    public void Write(OwnOp op) => work.Write(Collection, Key(op.Id), RefundCodec.ToWire(op).ToByteArray());

    /// <summary>Takes a right that the hub moved. One that is here already keeps what was refunded under it since.</summary>
    public void Receive(V1.RefundRight right, long closedUpTo)
    {
        if (right.Op is null || right.Member.Length != 16 || right.Incarnation != work.Holder.Incarnation.Value)
        {
            return;
        }

        var op = RefundCodec.ToCore(right, work.Holder.Store);
        // Since = its own place: the hub only says that the right never left. Such a right is in the store's own book.
        if (op.Right.IsGivenUpBy(closedUpTo) || op.Right == Core.Refunds.RefundRight.AsLogged(op.Id) || Find(op.Id)?.Right.Since >= op.Right.Since)
        {
            return;
        }

        Write(op);
    }

    /// <summary>A page of the rights that this store still has.</summary>
    public EngineReply Report(ReportRefundRights report, long closedUpTo)
    {
        var page = work.Journal.ReadDocuments(Collection, [], report.AfterKey, report.Limit);
        var held = page.Select(document => V1.RefundRight.Parser.ParseFrom(document.Value))
            .Where(right => right.Incarnation == work.Holder.Incarnation.Value && right.Since > closedUpTo && !right.Voided)
            .Select(right => new V1.HeldRefundRight { Op = right.Op, Member = right.Member, Since = right.Since });
        return new EngineReply { RefundRights = [.. held], NextKey = page.Count < report.Limit ? null : page[^1].Key };
    }

    /// <summary>The hub's own words where it was asked and refused.</summary>
    public static Rejection Refusal(Rejection own, TillCall call) => call.News.Select(news => news.RefundRight).LastOrDefault(reply => reply is not null) switch
    {
        { Refusal.Length: > 0 } refused => new Rejection((RejectionCode)refused.RefusalCode, refused.Refusal),
        { } => own with { Message = "Headquarters has not taken in the newest day close of this store yet. Try again in a moment." },
        null => own,
    };

    private static byte[] Key(OpId op)
    {
        var key = new byte[20];
        BinaryPrimitives.WriteInt32BigEndian(key, op.Holder.Store.Value);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(4), op.Holder.Incarnation.Value);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(12), op.Sequence);
        return key;
    }
}
