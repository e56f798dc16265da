using System.Net;
using System.Net.Http.Headers;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>A request body. Its length stays unsaid, so that HTTP/2 may start the response before the request ends.</summary>
internal abstract class RequestContent : HttpContent
{
    internal static readonly MediaTypeHeaderValue GrpcMediaType = new(WireNames.ContentType);

    protected RequestContent() => Headers.ContentType = GrpcMediaType;

    protected sealed override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected sealed override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected abstract override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken);
}
