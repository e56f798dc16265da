using System.Buffers.Binary;
using Google.Protobuf;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Storage;

namespace SyncHub.Hub.Stores;

/// <summary>The newest signed head of each chain by each key: enough to check every op, because a head vouches for all before it.</summary>
/// <remarks>They ride along with the batches that carry the ops, no later than these. Not thread-safe; the registry locks.</remarks>
internal sealed class SignedHeads
{
    /// <summary>The journal's collection.</summary>
    public const string Documents = "signature";

    /// <summary>The journal's collection of ops that came on receipts.</summary>
    public const string ReceiptOps = "receipt_op";

    private readonly List<OpId> _receipts = [];
    private readonly Dictionary<(Holder Chain, string Key), (LogHead Head, byte[] KeyId, ReadOnlyMemory<byte> Signature)> _waiting = [];

    /// <summary>Remembers a head whose signature is good.</summary>
    public void Keep(Holder chain, LogHead head, byte[] keyId, ReadOnlyMemory<byte> signature) => _waiting[(chain, Convert.ToHexString(keyId))] = (head, keyId, signature);

    /// <summary>Remembers that an op came on a receipt and in no signed log.</summary>
    public void KeepReceiptOp(OpId place) => _receipts.Add(place);

    /// <summary>Adds what waits to a batch.</summary>
    public void AddTo(JournalBatch batch)
    {
        foreach (var place in _receipts)
        {
            var key = KeyOf(place.Holder, new byte[8]);
            BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(12), place.Sequence);
            batch.Documents.Add(new DocumentWrite(ReceiptOps, key, [1]));
        }

        _receipts.Clear();
        foreach (var ((chain, _), (head, keyId, signature)) in _waiting)
        {
            var wire = new V1.SignedHead
            {
                Incarnation = head.Life.Incarnation.Value,
                Sequence = head.Sequence,
                Hash = UnsafeByteOperations.UnsafeWrap(head.Hash.ToBytes()),
                Signature = UnsafeByteOperations.UnsafeWrap(signature),
            };
            batch.Documents.Add(new DocumentWrite(Documents, KeyOf(chain, keyId), wire.ToByteArray()));
        }

        _waiting.Clear();
    }

    private static byte[] KeyOf(Holder chain, byte[] keyId)
    {
        var key = new byte[12 + keyId.Length];
        BinaryPrimitives.WriteInt32BigEndian(key, chain.Store.Value);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(4), chain.Incarnation.Value);
        keyId.CopyTo(key, 12);
        return key;
    }
}
