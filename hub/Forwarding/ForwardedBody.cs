using System.Net;
using Microsoft.AspNetCore.Http;

namespace SyncHub.Hub.Forwarding;

/// <summary>The body of a request on its way on, piece by piece as it comes: of a stream each frame leaves when it is there.</summary>
internal sealed class ForwardedBody(HttpRequest request, CancellationToken ending) : HttpContent
{
    private Task _copied = Task.CompletedTask;

    /// <summary>Completes when the request's body is read no more.</summary>
    public Task Copied => Volatile.Read(ref _copied);

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var copied = CopyAsync(stream, cancellationToken);
        Volatile.Write(ref _copied, copied);
        return copied;
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = request.ContentLength ?? 0;
        return request.ContentLength is not null;
    }

    private async Task CopyAsync(Stream stream, CancellationToken sending)
    {
        // The sender's own token alone would not do: once the answer is there it counts no more, and a caller that still listens sends nothing.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(sending, ending);
        var cancellation = either.Token;
        var reader = request.BodyReader;
        await stream.FlushAsync(cancellation).ConfigureAwait(false); // the headers: a caller may wait for an answer before it says more
        while (true)
        {
            var read = await reader.ReadAsync(cancellation).ConfigureAwait(false);
            foreach (var piece in read.Buffer)
            {
                await stream.WriteAsync(piece, cancellation).ConfigureAwait(false);
            }

            reader.AdvanceTo(read.Buffer.End);
            await stream.FlushAsync(cancellation).ConfigureAwait(false);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }
}
