using System.IO.Compression;
using System.Net;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>The request of a unary call: headers, the encoded message, and the body that sends it. Used by one call after another.</summary>
/// <remarks>
/// A <see cref="ByteArrayContent"/> although it holds no array of its own: the runtime waits for such a body before it looks for the answer, which
/// saves two tasks a call. That is right only for a body that no server can keep from being sent, so a larger one goes as a <see cref="SingleMessageContent"/>.
/// </remarks>
internal sealed class UnaryRequest : ByteArrayContent
{
    // A quarter of the smallest window that a server starts with, unless it was told otherwise.
    private const int LargestWaitedForBytes = 16 * 1024;
    private const int LargestKeptBytes = 4 * 1024;

    private readonly PooledBuffer _body = new();
    private readonly MessageEncoder _encoder;
    private readonly int? _maxSendBytes;
    private readonly int _ownHeaders;

    public UnaryRequest(Uri address, int? maxSendBytes)
        : base([])
    {
        _maxSendBytes = maxSendBytes;
        _encoder = new MessageEncoder(maxSendBytes, Encodings.Identity, CompressionLevel.Fastest);
        Headers.ContentType = RequestContent.GrpcMediaType;
        Message = RequestHeaders.NewRequest(address, this);
        _ownHeaders = Message.Headers.NonValidated.Count;
    }

    /// <summary>The request as the transport takes it.</summary>
    public HttpRequestMessage Message { get; }

    /// <summary>Encodes the message of a call.</summary>
    /// <exception cref="RpcException">It is too large.</exception>
    public void Encode<T>(T message, Marshaller<T> marshaller, string encoding, bool mayCompress)
    {
        var encoder = encoding == Encodings.Identity ? _encoder : new MessageEncoder(_maxSendBytes, encoding, CompressionLevel.Fastest);
        encoder.Encode(_body, message, marshaller.ContextualSerializer, mayCompress);
        if (_body.Length > LargestWaitedForBytes)
        {
            Message.Content = new SingleMessageContent(_body);
        }
    }

    /// <summary>Takes out what one call added to the headers.</summary>
    public void Remove(Metadata added)
    {
        for (var at = 0; at < added.Count; at++)
        {
            // Not what went as a header of the body: that cannot even be asked to be removed here.
            if (!MetadataHeaders.IsReserved(added[at].Key) && Message.Headers.NonValidated.Contains(added[at].Key))
            {
                Message.Headers.Remove(added[at].Key);
            }
        }
    }

    /// <summary>Takes out how much time one call had.</summary>
    public void RemoveTimeout() => Message.Headers.Remove(WireNames.Timeout);

    /// <summary>Makes it as new. False where it is not worth it, or where there is anything that would go with the next call too.</summary>
    public bool TryReset()
    {
        var isClean = !IsLarge && Message.Headers.NonValidated.Count == _ownHeaders && Headers.NonValidated.Count == 1;
        if (!isClean || _body.Capacity > LargestKeptBytes)
        {
            return false;
        }

        _body.Truncate(0);
        return true;
    }

    /// <summary>Gives up a message that is too large to be kept; the transport may still be sending it. Before the request is given back: it is another call's then.</summary>
    public void DisposeLarge()
    {
        if (IsLarge)
        {
            Message.Content!.Dispose();
        }
    }

    private bool IsLarge => !ReferenceEquals(Message.Content, this);

    // Unsaid, as for any other call: the message's own length is in its header.
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        stream.WriteAsync(_body.Written, cancellationToken).AsTask();
}
