using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SyncHub.Grpc.Tests;

/// <summary>An HTTP/2 server that answers each call with exactly the bytes that a test says. It credits the connection and no stream, so that a
/// client with more than 64 KiB to send is still sending when the answer comes.</summary>
public sealed class RawHttp2Server : IAsyncDisposable
{
    private const byte Settings = 4;
    private const byte Ping = 6;
    private const byte WindowUpdate = 8;
    private const byte Ack = 1;
    private const int FrameHeaderBytes = 9;
    private const int PrefaceBytes = 24;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<Task> _connections = [];
    private readonly Task _accepting;

    public RawHttp2Server(Func<int, byte[]> answer)
    {
        Answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The bytes for a stream.</summary>
    public Func<int, byte[]> Answer { get; set; }

    /// <summary>Whether a connection ends with its first answer.</summary>
    public bool ClosesAfterAnswer { get; set; }

    public string Address => "http://localhost:" + ((IPEndPoint)_listener.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>One frame.</summary>
    public static byte[] Frame(byte type, byte flags, int streamId, params byte[] payload)
    {
        var frame = new byte[FrameHeaderBytes + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, (payload.Length << 8) | type);
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), streamId);
        payload.CopyTo(frame, FrameHeaderBytes);
        return frame;
    }

    /// <summary>A HEADERS frame with the status 200 where there is no other first header.</summary>
    public static byte[] Headers(int streamId, bool isTrailers, bool endsStream, params (string Name, string Value)[] headers)
    {
        const byte EndHeaders = 4;
        const byte Status200 = 0x88;
        List<byte> block = isTrailers ? [] : [Status200];
        foreach (var (name, value) in headers)
        {
            block.AddRange([0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)]);
        }

        return Frame(RawHttp2.Headers, (byte)(EndHeaders | (endsStream ? RawHttp2.EndStream : 0)), streamId, [.. block]);
    }

    /// <summary>A whole answer with one message.</summary>
    public static byte[] Reply(int streamId, params byte[] message) =>
    [
        .. Headers(streamId, isTrailers: false, endsStream: false, ("content-type", "application/grpc")),
        .. Frame(RawHttp2.Data, 0, streamId, message),
        .. Headers(streamId, isTrailers: true, endsStream: true, ("grpc-status", "0")),
    ];

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections).Happens("the end of every connection: dispose of the channel first");
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync()));
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // The listener is closed.
        }
    }

    private async Task ServeAsync(TcpClient connection)
    {
        using (connection)
        {
            try
            {
                var stream = connection.GetStream();
                await stream.ReadExactlyAsync(new byte[PrefaceBytes]);
                await stream.WriteAsync(Frame(Settings, 0, 0));
                while (await AnswerFrameAsync(stream) || !ClosesAfterAnswer)
                {
                    // The next frame.
                }
            }
            catch (IOException)
            {
                // The client has closed the connection.
            }
        }
    }

    // False when a call was answered.
    private async Task<bool> AnswerFrameAsync(NetworkStream stream)
    {
        var header = new byte[FrameHeaderBytes];
        await stream.ReadExactlyAsync(header);
        var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
        await stream.ReadExactlyAsync(payload);
        var answer = header[3] switch
        {
            RawHttp2.Headers => Answer(BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5))),
            Settings when (header[4] & Ack) == 0 => Frame(Settings, Ack, 0),
            RawHttp2.Data when payload.Length > 0 => Frame(WindowUpdate, 0, 0, BitConverter.GetBytes(BinaryPrimitives.ReverseEndianness(payload.Length))),
            Ping when (header[4] & Ack) == 0 => Frame(Ping, Ack, 0, payload),
            _ => [],
        };
        await stream.WriteAsync(answer);
        return header[3] != RawHttp2.Headers;
    }
}
