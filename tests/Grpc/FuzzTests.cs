using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Xunit;
using Xunit.Abstractions;

namespace SyncHub.Grpc.Tests;

/// <summary>Valid bytes with something wrong in them, to the server and to the client: the call ends, nobody's exception is left over, the next call works.</summary>
/// <remarks>Alone, because exceptions that nobody observed are counted for the whole process. A failure names its seed.</remarks>
[Collection(Alone.Name)]
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Rounds = 150;
    private const int AttemptsOfTheNextCall = 5;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public Task The_server_outlives_spoilt_requests(int seed) => NothingIsLeftOverAsync(() => SpoilRequestsAsync(seed));

    [Fact]
    public Task The_server_outlives_requests_spoilt_at_random() => NothingIsLeftOverAsync(() => SpoilRequestsAsync(Draw()));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public Task The_client_outlives_spoilt_answers(int seed) => NothingIsLeftOverAsync(() => SpoilAnswersAsync(seed));

    [Fact]
    public Task The_client_outlives_answers_spoilt_at_random() => NothingIsLeftOverAsync(() => SpoilAnswersAsync(Draw()));

    private int Draw()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        return seed;
    }

    private static async Task SpoilRequestsAsync(int seed)
    {
        var random = new Random(seed);
        await using var server = await TestServer.StartAsync();
        for (var round = 0; round < Rounds; round++)
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync("localhost", server.Port);
            try
            {
                var stream = tcp.GetStream();
                await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
                await stream.WriteAsync(Spoil(ValidRequest(random), random));
                tcp.Client.Shutdown(SocketShutdown.Send);
                await stream.CopyToAsync(Stream.Null).Happens($"the end of round {round}, seed {seed}");
            }
            catch (Exception closed) when (closed is IOException or SocketException)
            {
                // The server would not hear more of it.
            }
        }

        var reply = await server.Client().UnaryAsync(new EchoRequest { Text = "alive" }).ResponseAsync.Happens($"the next call, seed {seed}");
        Assert.Equal("alive", reply.Text);
        Assert.True(server.Logs.Errors.Count == 0, $"Seed {seed}: {string.Join(Environment.NewLine, server.Logs.Errors)}");
    }

    private static async Task SpoilAnswersAsync(int seed)
    {
        var random = new Random(seed);
        var valid = (int streamId) => RawHttp2Server.Reply(streamId, RawHttp2.Message(0, 4, [0x0A, 2, .. "hi"u8]));
        await using var server = new RawHttp2Server(valid);
        using var channel = GrpcChannel.ForAddress(server.Address);
        var client = new Echo.EchoClient(channel);
        for (var round = 0; round < Rounds; round++)
        {
            (server.ClosesAfterAnswer, server.Answer) = (true, streamId => Spoil(ValidAnswer(streamId, random), random));
            await EndsAsync(client, random, $"the end of round {round}, seed {seed}");
            (server.ClosesAfterAnswer, server.Answer) = (false, valid);
            await NextCallWorksAsync(client, $"Seed {seed}, round {round}");
        }
    }

    // Whether it succeeds is the bytes' affair; if it fails, then with a status.
    private static async Task EndsAsync(Echo.EchoClient client, Random random, string what)
    {
        try
        {
            switch (random.Next(3))
            {
                case 0:
                    await client.UnaryAsync(new EchoRequest()).ResponseAsync.Happens(what);
                    break;
                case 1:
                    using (var upload = client.Upload())
                    {
                        await upload.RequestStream.WriteAsync(new EchoRequest()).Happens(what);
                        await upload.ResponseAsync.Happens(what);
                    }

                    break;
                default:
                    using (var chat = client.Chat())
                    {
                        while (await chat.ResponseStream.MoveNext().Happens(what))
                        {
                            // The next message.
                        }
                    }

                    break;
            }
        }
        catch (RpcException)
        {
            // Ended, with a status.
        }
    }

    // The first attempts may meet the connection that the last round left dying.
    private static async Task NextCallWorksAsync(Echo.EchoClient client, string where)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Assert.Equal("hi", (await client.UnaryAsync(new EchoRequest()).ResponseAsync.Happens(where)).Text);
                return;
            }
            catch (RpcException failure) when (attempt < AttemptsOfTheNextCall)
            {
                Assert.True(failure.StatusCode is StatusCode.Unavailable or StatusCode.Internal, $"{where}: {failure.Status}");
            }
        }
    }

    private static async Task NothingIsLeftOverAsync(Func<Task> run)
    {
        CollectGarbage();
        var left = new List<Exception>();
        void Note(object? sender, UnobservedTaskExceptionEventArgs e)
        {
            lock (left)
            {
                left.Add(e.Exception);
            }
        }

        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            await run();
            CollectGarbage();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        lock (left)
        {
            Assert.True(left.Count == 0, $"{left.Count} exceptions were observed by nobody; the first: {left.FirstOrDefault()}");
        }
    }

    private static void CollectGarbage()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    private static byte[] ValidRequest(Random random)
    {
        var path = random.Next(2) == 0 ? "/grpctests.Echo/Unary" : "/grpctests.Echo/Chat";
        List<byte> block = [];
        foreach (var (name, value) in RawHttp2.GrpcHeaders(path, ("grpc-timeout", "9S"), ("grpc-encoding", random.Next(3) == 0 ? "gzip" : "identity"), ("x-blob-bin", "AAEC"), ("x-text", "plain")))
        {
            block.AddRange([0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)]);
        }

        return
        [
            .. RawHttp2Server.Frame(4, 0, 0),
            .. RawHttp2Server.Frame(RawHttp2.Headers, 4, 1, [.. block]),
            .. RawHttp2Server.Frame(RawHttp2.Data, 0, 1, [.. RawHttp2.Message(0, 4, [0x0A, 2, .. "hi"u8]), .. RawHttp2.Message(0, 4, [0x0A, 2, .. "ho"u8])]),
            .. RawHttp2Server.Frame(RawHttp2.Data, RawHttp2.EndStream, 1),
        ];
    }

    private static byte[] ValidAnswer(int streamId, Random random) =>
    [
        .. RawHttp2Server.Headers(streamId, isTrailers: false, endsStream: false, ("content-type", "application/grpc"), ("grpc-encoding", random.Next(3) == 0 ? "gzip" : "identity"), ("x-blob-bin", "AAEC")),
        .. RawHttp2Server.Frame(RawHttp2.Data, 0, streamId, RawHttp2.Message(0, 4, [0x0A, 2, .. "hi"u8])),
        .. RawHttp2Server.Headers(streamId, isTrailers: true, endsStream: true, ("grpc-status", "0"), ("grpc-message", "%41%zz"), ("y-blob-bin", "!!")),
    ];

    // One to four of: another byte, another bit, bytes less, bytes more, bytes twice, the end missing.
    private static byte[] Spoil(byte[] valid, Random random)
    {
        var bytes = new List<byte>(valid);
        for (var left = random.Next(1, 5); left > 0 && bytes.Count > 0; left--)
        {
            var at = random.Next(bytes.Count);
            var count = Math.Min(random.Next(1, 12), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, count);
                    break;
                case 3:
                    var more = new byte[count];
                    random.NextBytes(more);
                    bytes.InsertRange(at, more);
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(at, count));
                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }
}
