using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using SyncHub.V1;

namespace SyncHub.Hub.Receipts;

/// <summary>The keys of receipts: one for each life of a store, all derived from one secret of the hub, so that none lies in the journal.</summary>
/// <remarks>The secret is the file <c>receipt.key</c> beside the database, readable by its owner only. Without it no receipt can be told from a forged one.</remarks>
internal sealed class ReceiptKeys
{
    private readonly byte[] _secret;

    private ReceiptKeys(byte[] secret) => _secret = secret;

    /// <summary>Keys derived from a secret that the caller keeps.</summary>
    public static ReceiptKeys Of(byte[] secret) => new(secret);

    /// <summary>Reads the secret of a hub's folder, made where there is none.</summary>
    public static ReceiptKeys Open(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, "receipt.key");
        return new ReceiptKeys(SecretFile.ReadOrCreate(path, ReceiptCodec.KeyBytes, "Put the right file back; receipts of before cannot be checked without it."));
    }

    /// <summary>The key of one life of a store.</summary>
    public byte[] KeyOf(Holder holder)
    {
        Span<byte> name = stackalloc byte[12];
        BinaryPrimitives.WriteInt32BigEndian(name, holder.Store.Value);
        BinaryPrimitives.WriteInt64BigEndian(name[4..], holder.Incarnation.Value);
        return HMACSHA256.HashData(_secret, name);
    }

    /// <summary>The key on its way to that life.</summary>
    public HubFrame FrameFor(Holder holder) => new() { ReceiptKey = new ReceiptKey { Incarnation = holder.Incarnation.Value, Key = UnsafeByteOperations.UnsafeWrap(KeyOf(holder)) } };
}
