namespace Grpc.Core;

/// <summary>A stream of incoming messages. One reader at a time.</summary>
/// <typeparam name="T">The message.</typeparam>
public interface IAsyncStreamReader<out T>
{
    /// <summary>The message that the last <see cref="MoveNext"/> found.</summary>
    /// <exception cref="InvalidOperationException">Nothing was read yet, or the stream has ended.</exception>
    T Current { get; }

    /// <summary>Waits for the next message; false at the end of the stream.</summary>
    /// <exception cref="RpcException">On a client: the call failed. On a server: the request stream is malformed or too large.</exception>
    /// <exception cref="OperationCanceledException">On a server: the client went away, or the deadline passed.</exception>
    /// <exception cref="InvalidOperationException">The last call has not returned yet.</exception>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}
