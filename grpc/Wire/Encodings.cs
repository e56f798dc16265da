using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>The message encodings this side understands. <c>deflate</c> means the zlib format, as the HTTP name always did.</summary>
internal static class Encodings
{
    public const string Identity = "identity";
    public const string Gzip = "gzip";
    public const string Deflate = "deflate";

    /// <summary>For <c>grpc-accept-encoding</c>.</summary>
    public const string Accepted = "identity,gzip,deflate";

    private const int ChunkBytes = 4096;

    public static bool IsKnown(string encoding) => encoding is Identity or Gzip or Deflate;

    /// <summary>Whether a peer's <c>grpc-accept-encoding</c> lists an encoding.</summary>
    public static bool Lists(string? acceptEncoding, string encoding)
    {
        foreach (var range in acceptEncoding.AsSpan().Split(','))
        {
            if (acceptEncoding.AsSpan()[range].Trim().SequenceEqual(encoding))
            {
                return true;
            }
        }

        return false;
    }

    public static void Compress(string encoding, CompressionLevel level, ReadOnlySpan<byte> payload, PooledBuffer target)
    {
        using var sink = new BufferStream(target);
        using Stream compressor = encoding == Gzip
            ? new GZipStream(sink, level, leaveOpen: true)
            : new ZLibStream(sink, level, leaveOpen: true);
        compressor.Write(payload);
    }

    /// <summary>Unpacks a message, and stops at the limit: a few kilobytes can unpack to gigabytes.</summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED past the limit; INTERNAL when the bytes are not of this encoding.</exception>
    public static void Decompress(string encoding, in ReadOnlySequence<byte> payload, PooledBuffer target, int? maxBytes)
    {
        using var source = PipeReader.Create(payload).AsStream();
        using Stream decompressor = encoding == Gzip ? new GZipStream(source, CompressionMode.Decompress) : new ZLibStream(source, CompressionMode.Decompress);
        try
        {
            for (var read = decompressor.Read(target.GetSpan(ChunkBytes)); read > 0; read = decompressor.Read(target.GetSpan(ChunkBytes)))
            {
                target.Advance(read);
                if (target.Length > maxBytes)
                {
                    throw Failures.TooLargeToReceive(maxBytes.Value);
                }
            }
        }
        catch (InvalidDataException exception)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"A message is not valid {encoding}.", exception));
        }
    }
}
