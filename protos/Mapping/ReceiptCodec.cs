using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using SyncHub.Core.Primitives;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>The op on a receipt: its bytes, the hash before it and a MAC, as text for a QR code (protocol.md 1.8).</summary>
/// <remarks>Whoever has the receipt can hand the op in when its store cannot. The key is the hub's and that life of the store's; it is in no log and on no receipt.</remarks>
public static class ReceiptCodec
{
    /// <summary>Bytes of a key.</summary>
    public const int KeyBytes = 32;

    private const string Prefix = "SH1:"; // the version of this form; all characters of a QR code's dense mode
    private const int NumberBytes = 20;
    private const int MacBytes = 16; // half of HMAC-SHA256: 128 bits cannot be guessed, and the code stays small
    private const int LargestEnvelopeBytes = 1400; // beyond, a QR code is too fine for a receipt printer
    private static readonly byte[] Purpose = "synchub receipt 1"u8.ToArray();

    /// <summary>The code of an op; empty where there is no key, or the op is too large for a receipt.</summary>
    public static string Encode(ReadOnlySpan<byte> key, OpHash previous, ReadOnlyMemory<byte> envelope)
    {
        if (key.Length != KeyBytes || envelope.Length > LargestEnvelopeBytes)
        {
            return "";
        }

        var before = previous.ToBytes();
        var wire = new Wire.OutOfBandOp
        {
            Envelope = UnsafeByteOperations.UnsafeWrap(envelope),
            PreviousHash = UnsafeByteOperations.UnsafeWrap(before),
            Mac = UnsafeByteOperations.UnsafeWrap(Mac(key, before, envelope.Span)),
        };
        return Prefix + Base45.Encode(wire.ToByteArray());
    }

    /// <summary>Reads a code; null where it is none. It is not to be believed before <see cref="IsAuthentic"/>.</summary>
    public static Wire.OutOfBandOp? TryRead(string code)
    {
        var text = code.Trim('\r', '\n'); // a space may be part of it
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || Base45.Decode(text.AsSpan(Prefix.Length)) is not { } bytes)
        {
            return null;
        }

        try
        {
            var wire = Wire.OutOfBandOp.Parser.ParseFrom(bytes);
            return wire.PreviousHash.Length == OpHash.Size && wire.Mac.Length == MacBytes && !wire.Envelope.IsEmpty ? wire : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null; // a code that was read wrongly is none
        }
    }

    /// <summary>The op of a receipt; null where it is none that a till prints. Not to be believed before <see cref="IsAuthentic"/>.</summary>
    public static Core.Ops.Op? TryReadOp(Wire.OutOfBandOp receipt)
    {
        try
        {
            var op = OpCodec.Decode(receipt.Envelope.Memory);
            var isPrinted = op.Type is Core.Ops.OpType.TopUp or Core.Ops.OpType.Sale or Core.Ops.OpType.Redeem or Core.Ops.OpType.Void or Core.Ops.OpType.Refund or Core.Ops.OpType.Adjust;
            return isPrinted && op.Member != default && op.Id.Sequence > 0 && receipt.PreviousHash.Length == OpHash.Size ? op : null;
        }
        catch (Exception fault) when (fault is InvalidProtocolBufferException or InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>Whether the op was printed by whoever has the key.</summary>
    public static bool IsAuthentic(Wire.OutOfBandOp op, ReadOnlySpan<byte> key) =>
        key.Length == KeyBytes && CryptographicOperations.FixedTimeEquals(Mac(key, op.PreviousHash.Span, op.Envelope.Span), op.Mac.Span);

    /// <summary>The hash of a receipt's op in its log.</summary>
    public static OpHash HashOf(Wire.OutOfBandOp receipt) => OpHash.FromBytes(receipt.PreviousHash.Span).Next(receipt.Envelope.Span);

    /// <summary>Under what a receipt is kept: by the number of its op, and the head of the op's hash. A machine and its copy, or what was restored, print different ops under one number.</summary>
    /// <param name="op">The number.</param>
    /// <param name="hashHead">The head of the hash; 0 for the keys of programs of before, which are the number alone.</param>
    public static byte[] KeyOf(OpId op, ulong hashHead)
    {
        var key = new byte[hashHead == 0 ? NumberBytes : NumberBytes + sizeof(ulong)];
        BinaryPrimitives.WriteInt32BigEndian(key, op.Holder.Store.Value);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(4), op.Holder.Incarnation.Value);
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(12), op.Sequence);
        if (hashHead != 0)
        {
            BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(NumberBytes), hashHead);
        }

        return key;
    }

    /// <summary>What <see cref="KeyOf"/> made a key of.</summary>
    public static (OpId Op, ulong HashHead) ReadKey(ReadOnlySpan<byte> key) => (
        new OpId(new Holder(new StoreId(BinaryPrimitives.ReadInt32BigEndian(key)), new Incarnation(BinaryPrimitives.ReadInt64BigEndian(key[4..]))), BinaryPrimitives.ReadInt64BigEndian(key[12..])),
        key.Length == NumberBytes ? 0 : BinaryPrimitives.ReadUInt64BigEndian(key[NumberBytes..]));

    private static byte[] Mac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> previous, ReadOnlySpan<byte> envelope)
    {
        using var hasher = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hasher.AppendData(Purpose);
        hasher.AppendData(previous);
        hasher.AppendData(envelope);
        return hasher.GetHashAndReset()[..MacBytes];
    }
}
