using System.Net;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>The body of a call with one request: the encoded message, which it owns.</summary>
/// <remarks>A call may end while the transport still copies its request, so the buffer goes back to the pool with
/// the last of the two that lets go. The transport may ask for the body again when it repeats an untouched request.</remarks>
internal sealed class SingleMessageContent(PooledBuffer message) : RequestContent
{
    private int _holders = 1;
    private int _isDisposed;

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Hold();
        try
        {
            await stream.WriteAsync(message.Written, cancellationToken);
        }
        finally
        {
            Release();
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            Release();
        }

        base.Dispose(disposing);
    }

    private void Hold()
    {
        lock (message)
        {
            ObjectDisposedException.ThrowIf(_holders == 0, this);
            _holders++;
        }
    }

    private void Release()
    {
        lock (message)
        {
            if (_holders > 0 && --_holders == 0)
            {
                message.Release();
            }
        }
    }
}
