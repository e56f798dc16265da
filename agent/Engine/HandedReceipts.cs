using System.Buffers.Binary;
using Google.Protobuf;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Engine;

/// <summary>Receipts of any store that were handed in at this one's tills and headquarters has not answered yet (protocol.md 1.8).</summary>
/// <remarks>Durable before the till is answered, so an outage loses none. Owned by the engine; not thread-safe. It moves no value: only the hub knows whether an op counts already.</remarks>
internal sealed class HandedReceipts(Workspace work)
{
    private const string Collection = "handin";
    private const int MostWaiting = 1000; // a till at which somebody scans paper all day; beyond, the disk is not theirs

    private int _waiting;

    public void Load() => _waiting = (int)work.Journal.CountDocuments(Collection);

    /// <summary>How many wait.</summary>
    public int Waiting => _waiting;

    /// <summary>Reads a code: null where it is none of a receipt.</summary>
    public static (V1.OutOfBandOp Receipt, Op Op)? Read(string code) =>
        ReceiptCodec.TryRead(code) is { } receipt && ReceiptCodec.TryReadOp(receipt) is { } op ? (receipt, op) : null;

    /// <summary>Keeps a receipt; false where too many wait.</summary>
    public bool Keep(OpId op, V1.OutOfBandOp receipt)
    {
        var key = Key(op);
        if (work.Read(Collection, key) is not null)
        {
            return true;
        }

        if (_waiting >= MostWaiting)
        {
            return false;
        }

        if (Switches.IsOff(Mechanism.HandedInIsKept))
        {
            return true;
        }

        _waiting++;
        work.Write(Collection, key, receipt.ToByteArray());
        return true;
    }

    /// <summary>The next receipt that waits after a key; null at the end.</summary>
    public (byte[] Key, V1.OutOfBandOp Receipt)? Next(byte[] after)
    {
        var page = work.Journal.ReadDocuments(Collection, [], after, 1);
        return page.Count == 0 ? null : (page[0].Key, V1.OutOfBandOp.Parser.ParseFrom(page[0].Value));
    }

    /// <summary>Headquarters has it on its own disk, or will have none of it.</summary>
    public void Answered(OpId op)
    {
        var key = Key(op);
        if (work.Read(Collection, key) is not null)
        {
            _waiting--;
            work.Write(Collection, key, null);
        }
    }

    private static byte[] Key(OpId op)
    {
        var key = new byte[20];
        BinaryPrimitives.WriteInt32BigEndian(key, op.Holder.Store.Value);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(4), op.Holder.Incarnation.Value);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(12), op.Sequence);
        return key;
    }
}
