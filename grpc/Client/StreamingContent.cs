using System.Net;

namespace Grpc.Net.Client;

/// <summary>The body of a call with a stream of requests: hands out the transport's stream and stays open until told to end.</summary>
internal sealed class StreamingContent : RequestContent
{
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isOpen;

    /// <summary>Sends bytes now, waiting first for the connection and later for the peer's window.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var stream = await _stream.Task.WaitAsync(cancellationToken);
        await stream.WriteAsync(bytes, cancellationToken);
        await stream.FlushAsync(cancellationToken);
    }

    /// <summary>Half-closes the request.</summary>
    public void End() => _end.TrySetResult();

    /// <summary>Lets the transport go when the call has ended without a half-close.</summary>
    public void Abandon()
    {
        _stream.TrySetCanceled();
        _end.TrySetCanceled();
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isOpen, 1) == 1)
        {
            // The transport repeats the request elsewhere; what was streamed so far cannot be.
            throw new IOException("The connection was lost before the server accepted the call.");
        }

        try
        {
            // Without this the headers would wait for the first message, and a server that speaks first would never be heard.
            await stream.FlushAsync(cancellationToken);
        }
        catch (Exception failure)
        {
            // A server that answers and resets at once gets here first: whoever wants to send must not wait for a stream that never comes.
            _stream.TrySetException(failure);
            _ = _stream.Task.Exception; // it may be that nobody sends
            if (failure is not OperationCanceledException)
            {
                throw;
            }
        }

        _stream.TrySetResult(stream);

        // Not ended by the transport's token, nor by a flush that it cancelled: when the server resets the stream, the transport cancels the body first, and the
        // call would be told that instead of why. The call's end ends it.
        await _end.Task;
    }
}
