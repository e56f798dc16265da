using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Reads messages from a body, wherever its data frames begin and end. One reader at a time.</summary>
/// <remarks>What one read of the transport brought is kept until its last whole message was taken, so a burst of small
/// messages costs one read.</remarks>
internal sealed class MessageReader<T>(PipeReader body, Func<DeserializationContext, T> deserializer, int? maxBytes, string encoding)
    where T : class
{
    private readonly Payload _payload = new();
    private ReadOnlySequence<byte> _unread;
    private bool _isHolding;
    private bool _isLast;

    /// <summary>The message that the last successful read found.</summary>
    public T? Current { get; private set; }

    /// <summary>Reads the next message; false at the end of the body.</summary>
    /// <exception cref="RpcException">INTERNAL for broken framing, RESOURCE_EXHAUSTED for a message over the limit.</exception>
    public ValueTask<bool> ReadAsync(CancellationToken cancellationToken) =>
        TryTake() ? ValueTask.FromResult(true) : WaitAsync(cancellationToken);

    /// <summary>Takes a message that has arrived already; false if none has, or not the whole of it.</summary>
    public bool TryRead() => TryTake();

    /// <summary>Gives the memory back after the end of the body.</summary>
    public void Complete()
    {
        GiveBack();
        body.Complete();
    }

    private async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        Current = null;
        while (!_isLast)
        {
            GiveBack();
            var result = await body.ReadAsync(cancellationToken);
            _unread = result.Buffer;
            _isHolding = true;
            _isLast = result.IsCompleted;
            if (result.IsCanceled)
            {
                throw new OperationCanceledException("The read was cancelled.");
            }

            if (TryTake())
            {
                return true;
            }
        }

        return _unread.IsEmpty ? false : throw Failures.Malformed("The stream ended in the middle of a message.");
    }

    private void GiveBack()
    {
        if (_isHolding)
        {
            _isHolding = false;
            var (consumed, examined) = (_unread.Start, _unread.End);
            _unread = default;
            body.AdvanceTo(consumed, examined);
        }
    }

    private bool TryTake()
    {
        if (_unread.Length < MessageEncoder.HeaderBytes)
        {
            return false;
        }

        var (isCompressed, length) = ReadHeader();
        if (_unread.Length - MessageEncoder.HeaderBytes < length)
        {
            return false;
        }

        var payload = _unread.Slice(MessageEncoder.HeaderBytes, length);
        Current = isCompressed ? Decompressed(payload) : Deserialized(payload);
        _unread = _unread.Slice(payload.End);
        return true;
    }

    private (bool IsCompressed, uint Length) ReadHeader()
    {
        Span<byte> header = stackalloc byte[MessageEncoder.HeaderBytes];
        _unread.Slice(0, MessageEncoder.HeaderBytes).CopyTo(header);
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

    private T Decompressed(in ReadOnlySequence<byte> payload)
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
