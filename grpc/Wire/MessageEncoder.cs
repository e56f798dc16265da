using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Writes messages with their five-byte header (compressed flag, big-endian length) into a buffer. Reused for every
/// message of a call; owned by the call's writer.</summary>
internal sealed class MessageEncoder(int? maxBytes, string encoding, CompressionLevel level) : SerializationContext
{
    public const int HeaderBytes = 5;

    private PooledBuffer? _payload;
    private bool _isComplete;

    /// <summary>Appends one message. On any exception the buffer is as it was.</summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: the message is larger than the limit.</exception>
    public void Encode<T>(PooledBuffer target, T message, Action<T, SerializationContext> serializer, bool mayCompress)
    {
        var start = target.Length;
        try
        {
            target.GetSpan(HeaderBytes)[..HeaderBytes].Clear();
            target.Advance(HeaderBytes);
            var isCompressed = mayCompress && encoding != Encodings.Identity;
            if (isCompressed)
            {
                isCompressed = TrySerializeCompressed(target, message, serializer);
            }
            else
            {
                Serialize(target, message, serializer);
            }

            var header = target.Slice(start, HeaderBytes);
            header[0] = isCompressed ? (byte)1 : (byte)0;
            BinaryPrimitives.WriteUInt32BigEndian(header[1..], (uint)(target.Length - start - HeaderBytes));
        }
        catch
        {
            target.Truncate(start);
            throw;
        }
        finally
        {
            _payload = null;
        }
    }

    public override void SetPayloadLength(int payloadLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        CheckSize(payloadLength);
        _payload!.GetSpan(payloadLength);
    }

    public override IBufferWriter<byte> GetBufferWriter() => _payload!;

    public override void Complete() => _isComplete = true;

    public override void Complete(byte[] payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        CheckSize(payload.Length);
        _payload!.Write(payload);
        _isComplete = true;
    }

    // The runtime's compressors make nothing of nothing, which is no valid gzip to others; an empty message goes plain.
    private bool TrySerializeCompressed<T>(PooledBuffer target, T message, Action<T, SerializationContext> serializer)
    {
        using var plain = new PooledBuffer();
        Serialize(plain, message, serializer);
        if (plain.Length == 0)
        {
            return false;
        }

        Encodings.Compress(encoding, level, plain.Written.Span, target);
        return true;
    }

    private void Serialize<T>(PooledBuffer target, T message, Action<T, SerializationContext> serializer)
    {
        var start = target.Length;
        _payload = target;
        _isComplete = false;
        serializer(message, this);
        if (!_isComplete)
        {
            throw new InvalidOperationException("The serializer returned without calling Complete.");
        }

        CheckSize(target.Length - start);
    }

    private void CheckSize(int payloadBytes)
    {
        if (payloadBytes > maxBytes)
        {
            throw Failures.TooLargeToSend(maxBytes.Value);
        }
    }
}
