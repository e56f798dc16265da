using System.Buffers;
using System.Buffers.Binary;
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

    // What both formats end with: gzip the length and zlib the Adler-32 of the plain bytes.
    private const int ChecksumBytes = 4;

    // Header, an empty block and the checksums; anything shorter is a piece of a message.
    private const int ShortestGzipBytes = 10 + 2 + 8;
    private const int ShortestZlibBytes = 2 + 2 + 4;

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
        if (payload.Length < (encoding == Gzip ? ShortestGzipBytes : ShortestZlibBytes))
        {
            throw Failures.Malformed($"A message is not valid {encoding}.");
        }

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

        CheckEnd(encoding, payload, target.Written.Span);
    }

    // The decompressors of the runtime take input that ends too early for the end of the message, and would hand out half of it.
    private static void CheckEnd(string encoding, in ReadOnlySequence<byte> payload, ReadOnlySpan<byte> plain)
    {
        Span<byte> end = stackalloc byte[ChecksumBytes];
        payload.Slice(payload.Length - ChecksumBytes).CopyTo(end);
        var isWhole = encoding == Gzip
            ? BinaryPrimitives.ReadUInt32LittleEndian(end) == (uint)plain.Length
            : BinaryPrimitives.ReadUInt32BigEndian(end) == Adler32(plain);
        if (!isWhole)
        {
            throw Failures.Malformed($"A message is not valid {encoding}: it ends too early.");
        }
    }

    private static uint Adler32(ReadOnlySpan<byte> bytes)
    {
        // RFC 1950: sums modulo the largest prime below 65536; 5552 bytes are the most whose sums fit 32 bits.
        const uint Modulus = 65521;
        const int MostBeforeOverflow = 5552;
        uint a = 1;
        uint b = 0;
        while (!bytes.IsEmpty)
        {
            var chunk = bytes[..Math.Min(bytes.Length, MostBeforeOverflow)];
            foreach (var value in chunk)
            {
                a += value;
                b += a;
            }

            a %= Modulus;
            b %= Modulus;
            bytes = bytes[chunk.Length..];
        }

        return (b << 16) | a;
    }
}
