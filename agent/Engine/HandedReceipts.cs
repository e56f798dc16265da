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
        var hash = ReceiptCodec.HashOf(receipt);
        if (FindKey(op, hash) is not null)
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
        work.Write(Collection, KeyOf(op, hash), receipt.ToByteArray());
        return true;
    }

    /// <summary>The next receipt that waits after a key; null at the end.</summary>
    public (byte[] Key, V1.OutOfBandOp Receipt)? Next(byte[] after)
    {
        var page = work.Journal.ReadDocuments(Collection, [], after, 1);
        return page.Count == 0 ? null : (page[0].Key, V1.OutOfBandOp.Parser.ParseFrom(page[0].Value));
    }

    /// <summary>Headquarters has it on its own disk, or will have none of it.</summary>
    /// <param name="op">The number of its op.</param>
    /// <param name="hash">The op's hash: another machine's op may have the same number.</param>
    public void Answered(OpId op, OpHash hash)
    {
        if (FindKey(op, hash) is { } key)
        {
            _waiting--;
            work.Write(Collection, key, null);
        }
    }

    private byte[]? FindKey(OpId op, OpHash hash)
    {
        var key = KeyOf(op, hash);
        var keyOfBefore = ReceiptCodec.KeyOf(op, 0);
        return work.Read(Collection, key) is not null ? key
            : work.Read(Collection, keyOfBefore) is { } kept && ReceiptCodec.HashOf(V1.OutOfBandOp.Parser.ParseFrom(kept)) == hash ? keyOfBefore
            : null;
    }

    private static byte[] KeyOf(OpId op, OpHash hash) => ReceiptCodec.KeyOf(op, Switches.IsOff(Mechanism.ReceiptsTellHistories) ? 0 : hash.Head);
}
