namespace Grpc.Core;

/// <summary>A stream of outgoing messages. One writer at a time: await each write before the next.</summary>
/// <typeparam name="T">The message.</typeparam>
public interface IAsyncStreamWriter<in T>
{
    /// <summary>How the following messages are written; null for no wishes.</summary>
    WriteOptions? WriteOptions { get; set; }

    /// <summary>Writes a message. The task ends when the stream has taken the message, not when the peer has it:
    /// it waits only while the peer reads more slowly than this side writes.</summary>
    /// <exception cref="RpcException">On a client: the call has ended.</exception>
    /// <exception cref="OperationCanceledException">On a server: the client went away, or the deadline passed.</exception>
    /// <exception cref="InvalidOperationException">The last write has not ended yet, or the stream was completed.</exception>
    Task WriteAsync(T message);

    /// <summary>Writes a message, and stops waiting for room when the token says so.</summary>
    /// <exception cref="NotSupportedException">This writer cannot be cancelled.</exception>
    Task WriteAsync(T message, CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled
            ? throw new NotSupportedException("Cancellation of stream writes is not supported by this writer.")
            : WriteAsync(message);
}
