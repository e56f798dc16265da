using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace SyncHub.Grpc.Tests;

/// <summary>An HTTP/2 client that sends exactly what a test says and shows each frame that comes back. It reads only those response
/// headers that the server did not compress.</summary>
public sealed class RawHttp2 : IDisposable
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte ResetStream = 3;
    public const byte EndStream = 1;
    private const byte Settings = 4;
    private const byte EndHeaders = 4;
    private const int FrameHeaderBytes = 9;

    private readonly TcpClient _tcp = new();
    private NetworkStream _stream = null!;

    public sealed record Frame(byte Type, byte Flags, int StreamId, byte[] Payload)
    {
        public bool EndsStream => Type is Data or Headers && (Flags & EndStream) != 0;

        /// <summary>Header text as far as the server sent it plain; enough to look for a name or a value.</summary>
        public string PlainText => Encoding.ASCII.GetString(Payload);
    }

    public static async Task<RawHttp2> ConnectAsync(int port)
    {
        var connection = new RawHttp2();
        await connection._tcp.ConnectAsync("localhost", port);
        connection._stream = connection._tcp.GetStream();
        await connection._stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await connection.SendAsync(Settings, 0, 0, []);
        return connection;
    }

    public static (string Name, string Value)[] GrpcHeaders(string path, params (string Name, string Value)[] more) =>
    [
        (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
        ("te", "trailers"), ("content-type", "application/grpc"), .. more,
    ];

    public static byte[] Message(byte flag, uint length, params byte[] payload)
    {
        var message = new byte[5 + payload.Length];
        message[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(1), length);
        payload.CopyTo(message, 5);
        return message;
    }

    public Task SendHeadersAsync(int streamId, bool endsStream, params (string Name, string Value)[] headers)
    {
        var block = new List<byte>();
        foreach (var (name, value) in headers)
        {
            // HPACK "literal header field without indexing, new name", lengths below 127, no Huffman.
            block.AddRange([0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)]);
        }

        return SendAsync(Headers, (byte)(EndHeaders | (endsStream ? EndStream : 0)), streamId, [.. block]);
    }

    public Task SendDataAsync(int streamId, bool endsStream, params byte[] bytes) =>
        SendAsync(Data, endsStream ? EndStream : (byte)0, streamId, bytes);

    /// <summary>The frames of one stream, up to its end or its reset.</summary>
    public async Task<List<Frame>> ReadStreamAsync(int streamId)
    {
        var frames = new List<Frame>();
        while (frames.Count == 0 || !(frames[^1].EndsStream || frames[^1].Type == ResetStream))
        {
            var frame = await ReadFrameAsync().Happens($"a frame of stream {streamId} after {frames.Count} frames");
            if (frame.StreamId == streamId && frame.Type is Data or Headers or ResetStream)
            {
                frames.Add(frame);
            }
        }

        return frames;
    }

    public void Dispose() => _tcp.Dispose();

    private async Task SendAsync(byte type, byte flags, int streamId, byte[] payload)
    {
        var frame = new byte[FrameHeaderBytes + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, (payload.Length << 8) | type);
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), streamId);
        payload.CopyTo(frame, FrameHeaderBytes);
        await _stream.WriteAsync(frame);
    }

    private async Task<Frame> ReadFrameAsync()
    {
        var header = new byte[FrameHeaderBytes];
        await _stream.ReadExactlyAsync(header);
        var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
        await _stream.ReadExactlyAsync(payload);
        return new Frame(header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), payload);
    }
}
