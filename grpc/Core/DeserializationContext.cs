using System.Buffers;

namespace Grpc.Core;

/// <summary>Where one message is deserialized from. The bytes are only valid until the deserializer returns.</summary>
public abstract class DeserializationContext
{
    /// <summary>The number of payload bytes.</summary>
    public abstract int PayloadLength { get; }

    /// <summary>A copy of the payload, owned by the caller.</summary>
    public virtual byte[] PayloadAsNewBuffer() => PayloadAsReadOnlySequence().ToArray();

    /// <summary>The payload in the transport's own buffers: no copy, and not to be kept.</summary>
    public virtual ReadOnlySequence<byte> PayloadAsReadOnlySequence() => new(PayloadAsNewBuffer());
}
