using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Writes the one message of a response as it is. Used for one response after another.</summary>
internal sealed class ResponseWriter(int? maxBytes)
{
    private const int LargestKeptBytes = 4 * 1024;

    private readonly PooledBuffer _buffer = new();
    private readonly MessageEncoder _encoder = new(maxBytes, Encodings.Identity, CompressionLevel.NoCompression);

    /// <summary>Writes a message, whole or not at all.</summary>
    /// <exception cref="RpcException">It is too large.</exception>
    public void Write<T>(PipeWriter body, T message, Marshaller<T> marshaller)
    {
        _encoder.Encode(_buffer, message, marshaller.ContextualSerializer, mayCompress: false);
        body.Write(_buffer.Written.Span);
        if (_buffer.Capacity > LargestKeptBytes)
        {
            _buffer.Release();
        }
        else
        {
            _buffer.Truncate(0);
        }
    }
}
