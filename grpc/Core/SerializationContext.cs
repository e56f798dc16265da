using System.Buffers;

namespace Grpc.Core;

/// <summary>Where one message is serialized to. A serializer either calls <see cref="Complete(byte[])"/>, or writes to
/// <see cref="GetBufferWriter"/> and calls <see cref="Complete()"/>.</summary>
public abstract class SerializationContext
{
    /// <summary>Announces the number of payload bytes, so that the buffer fits and the size limit acts before any work.</summary>
    public virtual void SetPayloadLength(int payloadLength) => throw new NotSupportedException("This context takes whole arrays only.");

    /// <summary>The buffer to write the payload to.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotSupportedException("This context takes whole arrays only.");

    /// <summary>Says that the payload in the buffer is whole.</summary>
    public virtual void Complete() => throw new NotSupportedException("This context takes whole arrays only.");

    /// <summary>Hands over a whole payload.</summary>
    public virtual void Complete(byte[] payload) => throw new NotSupportedException("This context takes buffers only.");
}
