using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Takes messages with their five-byte header (compressed flag, big-endian length) from the front of received bytes. Reused for every message; owned by one reader.</summary>
internal sealed class MessageDecoder<T>(Func<DeserializationContext, T> deserializer, int? maxBytes)
    where T : class
{
    private readonly Payload _payload = new();

    /// <summary>Takes the first message and cuts the bytes behind it; false where not the whole of it is there.</summary>
    /// <exception cref="RpcException">INTERNAL for broken framing, RESOURCE_EXHAUSTED for a message over the limit: both are known from the header.</exception>
    public bool TryTake(ref ReadOnlySequence<byte> unread, string encoding, [NotNullWhen(true)] out T? message)
    {
        message = null;
        var available = unread.Length;
        if (available < MessageEncoder.HeaderBytes)
        {
            return false;
        }

        var (isCompressed, length) = ReadHeader(unread, encoding);
        if (available - MessageEncoder.HeaderBytes < length)
        {
            return false;
        }

        var payload = unread.Slice(MessageEncoder.HeaderBytes, length);
        message = isCompressed ? Decompressed(payload, encoding) : Deserialized(payload);
        unread = unread.Slice(payload.End);
        return true;
    }

    private (bool IsCompressed, uint Length) ReadHeader(in ReadOnlySequence<byte> unread, string encoding)
    {
        var header = unread.FirstSpan;
        if (header.Length < MessageEncoder.HeaderBytes)
        {
            header = unread.Slice(0, MessageEncoder.HeaderBytes).ToArray(); // cut by the border of two buffers, which is rare
        }

        var isCompressed = header[0] switch
        {
            0 => false,
            1 when encoding != Encodings.Identity => true,
            1 => throw Failures.Malformed("A message is compressed, but grpc-encoding names no encoding."),
            var flag => throw Failures.Malformed($"A message has the unknown flag {flag}."),
        };

        // Compared unsigned and before any of the payload is buffered: the four bytes are the peer's to choose.
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        var limit = maxBytes ?? int.MaxValue;
        return length > (uint)limit ? throw Failures.TooLargeToReceive(limit) : (isCompressed, length);
    }

    private T Decompressed(in ReadOnlySequence<byte> payload, string encoding)
    {
        using var plain = new PooledBuffer();
        Encodings.Decompress(encoding, payload, plain, maxBytes);
        return Deserialized(new ReadOnlySequence<byte>(plain.Written));
    }

    private T Deserialized(in ReadOnlySequence<byte> payload)
    {
        _payload.Bytes = payload;
        try
        {
            return deserializer(_payload);
        }
        catch (Exception exception)
        {
            throw new RpcException(new Status(StatusCode.Internal, "A message could not be deserialized.", exception));
        }
        finally
        {
            _payload.Bytes = default;
        }
    }

    private sealed class Payload : DeserializationContext
    {
        public ReadOnlySequence<byte> Bytes { get; set; }

        public override int PayloadLength => (int)Bytes.Length;

        public override byte[] PayloadAsNewBuffer() => Bytes.ToArray();

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => Bytes;
    }
}
