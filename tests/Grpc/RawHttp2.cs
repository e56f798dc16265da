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
    private const byte GoAway = 7;
    private const byte Continuation = 9;
    private const int LargestFrameBytes = 16_000;
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

        // SETTINGS_HEADER_TABLE_SIZE = 0: with a table, the second response of a connection would name its headers by number.
        await connection.SendAsync(Settings, 0, 0, [0, 1, 0, 0, 0, 0]);
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

    /// <summary>Headers of any length, over as many CONTINUATION frames as they need.</summary>
    public async Task SendLongHeadersAsync(int streamId, bool endsStream, params (string Name, string Value)[] headers)
    {
        var block = new List<byte>();
        foreach (var (name, value) in headers)
        {
            block.Add(0);
            AddText(block, name);
            AddText(block, value);
        }

        var parts = block.Chunk(LargestFrameBytes).ToArray();
        foreach (var (index, part) in parts.Index())
        {
            var flags = (index == parts.Length - 1 ? EndHeaders : 0) | (endsStream && index == 0 ? EndStream : 0);
            await SendAsync(index == 0 ? Headers : Continuation, (byte)flags, streamId, part);
        }
    }

    /// <summary>How one call ended, in words: <c>status 5</c>, <c>http 415</c>, <c>reset 1</c>, <c>goaway 1</c> or <c>closed</c>.</summary>
    public async Task<string> ReadOutcomeAsync(int streamId)
    {
        while (true)
        {
            Frame frame;
            try
            {
                frame = await ReadFrameAsync().Happens($"the outcome of stream {streamId}");
            }
            catch (IOException)
            {
                return "closed";
            }

            if (frame.Type == GoAway && frame.Payload[7] != 0)
            {
                return $"goaway {frame.Payload[7]}";
            }

            if (frame.StreamId == streamId && OutcomeOf(frame) is { } outcome)
            {
                return outcome;
            }
        }
    }

    private static string? OutcomeOf(Frame frame)
    {
        if (frame.Type == ResetStream)
        {
            return $"reset {frame.Payload[3]}";
        }

        return frame.Type == Headers ? HttpStatus(frame.Payload) ?? GrpcStatus(frame) : null;
    }

    // The first field of a response: an index of the static table for the usual values, or the name's index and three plain digits.
    private static string? HttpStatus(byte[] block)
    {
        const int SizeUpdateMask = 0xE0;
        const int SizeUpdate = 0x20;
        var at = 0;
        while ((block[at] & SizeUpdateMask) == SizeUpdate)
        {
            at++;
        }

        return block[at] switch
        {
            0x8C => "http 400",
            0x8D => "http 404",
            0x8E => "http 500",
            0x08 or 0x48 when block[at + 1] == 3 => "http " + Encoding.ASCII.GetString(block, at + 2, 3),
            _ => null,
        };
    }

    private static string? GrpcStatus(Frame frame)
    {
        const string Name = "grpc-status";
        var at = frame.PlainText.IndexOf(Name, StringComparison.Ordinal);
        return at < 0 ? null : $"status {frame.PlainText.AsSpan(at + Name.Length + 1, frame.Payload[at + Name.Length])}";
    }

    private static void AddText(List<byte> block, string text)
    {
        const int PrefixMax = 127;
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length < PrefixMax)
        {
            block.Add((byte)bytes.Length);
        }
        else
        {
            block.Add(PrefixMax);
            var rest = bytes.Length - PrefixMax;
            for (; rest > PrefixMax; rest >>= 7)
            {
                block.Add((byte)(rest | 0x80));
            }

            block.Add((byte)rest);
        }

        block.AddRange(bytes);
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

    /// <summary>Reads whatever comes until the connection ends, however it does.</summary>
    public async Task DrainAsync()
    {
        try
        {
            await _stream.CopyToAsync(Stream.Null);
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException)
        {
            // An end is what this waits for.
        }
    }

    public void Dispose() => _tcp.Dispose();

    public async Task SendAsync(byte type, byte flags, int streamId, byte[] payload)
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
