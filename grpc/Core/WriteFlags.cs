namespace Grpc.Core;

/// <summary>Wishes for how a message is written.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>As usual.</summary>
    None = 0,

    /// <summary>More will follow: the message may wait for the next one. It stays unsent until a write without this flag,
    /// the end of the stream, or a full buffer.</summary>
    BufferHint = 1,

    /// <summary>Not to be compressed, although the call is.</summary>
    NoCompress = 2,
}
