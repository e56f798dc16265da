using System.Buffers;

namespace Grpc.Core;

/// <summary>Serializes one message outside of any call, into an array of its own.</summary>
internal sealed class ArraySerializationContext : SerializationContext
{
    private readonly ArrayBufferWriter<byte> _writer = new();
    private byte[]? _payload;

    public override void SetPayloadLength(int payloadLength) => ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);

    public override IBufferWriter<byte> GetBufferWriter() => _writer;

    public override void Complete() => _payload = _writer.WrittenSpan.ToArray();

    public override void Complete(byte[] payload) => _payload = payload;

    public byte[] ToArray() => _payload ?? throw new InvalidOperationException("The serializer returned without calling Complete.");
}

/// <summary>Deserializes one message outside of any call, from an array.</summary>
internal sealed class ArrayDeserializationContext(byte[] payload) : DeserializationContext
{
    public override int PayloadLength => payload.Length;

    public override byte[] PayloadAsNewBuffer() => payload.AsSpan().ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => new(payload);
}
