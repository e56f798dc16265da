using System.Buffers;
using Google.Protobuf;
using Grpc.Core;
using Xunit;
using Xunit.Abstractions;

namespace SyncHub.Grpc.Tests;

/// <summary>What a message costs in memory that the collector has to take back: counted, not timed, for client and server together.</summary>
/// <remarks>
/// A bare message of 200 bytes is weighed in the same process, so the bounds hold for any runtime. The transport's own share of a long stream is little and rises with
/// the number of its frames, hence the room. Alone, because the process is what is counted. docs/grpc-performance.md says what is left of a unary call, and why.
/// </remarks>
[Collection(Alone.Name)]
public sealed class AllocationTests(ITestOutputHelper output)
{
    private const int Messages = 50_000;
    private const long RoomBytes = 80; // of the transport, per message; one task or array more for each message would be beyond it
    private static readonly EchoRequest Request = new() { Payload = ByteString.CopyFrom(new byte[200]), Count = Messages };

    [Fact]
    public async Task A_client_stream_allocates_the_message_that_the_server_reads_and_nothing_else()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Client();
        await MeasureAsync(() => UploadAsync(client), Messages, BytesOf(EchoRequest.Parser, Request));
    }

    [Fact]
    public async Task A_server_stream_allocates_the_message_that_the_client_reads_and_what_the_handler_makes()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Client();
        var made = BytesOf(() => new EchoReply { Payload = Request.Payload, Count = 1 });
        await MeasureAsync(() => DownloadAsync(client), Messages, made + BytesOf(EchoReply.Parser, new EchoReply { Payload = Request.Payload, Count = Messages }));
    }

    [Fact]
    public async Task A_bidirectional_stream_allocates_what_both_sides_read_and_what_the_handler_makes()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Client();
        var made = BytesOf(() => new EchoReply { Payload = Request.Payload, Count = 1 });
        await MeasureAsync(() => ChatAsync(client), Messages, made + BytesOf(EchoRequest.Parser, Request) + BytesOf(EchoReply.Parser, new EchoReply { Payload = Request.Payload, Count = 1 }));
    }

    // Three quarters of it are the transport's: requests, header blocks and tasks of SocketsHttpHandler and Kestrel.
    [Fact]
    public async Task A_unary_call_allocates_no_more_than_it_did_when_it_was_last_looked_at()
    {
        const int Calls = 5_000;
        const long MostBytes = 7_000; // 6,000 where it was measured
        await using var server = await TestServer.StartAsync();
        var client = server.Client();
        await MeasureAsync(
            async () =>
            {
                for (var i = 0; i < Calls; i++)
                {
                    await client.UnaryAsync(Request);
                }
            },
            Calls,
            MostBytes - RoomBytes);
    }

    private static async Task UploadAsync(Echo.EchoClient client)
    {
        using var call = client.Upload();
        for (var i = 0; i < Messages; i++)
        {
            await call.RequestStream.WriteAsync(Request);
        }

        await call.RequestStream.CompleteAsync();
        Assert.Equal(Messages, (await call).Count);
    }

    private static async Task DownloadAsync(Echo.EchoClient client)
    {
        using var call = client.Download(Request);
        var came = 0;
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            came++;
        }

        Assert.Equal(Messages, came);
    }

    // Both ways at full speed: a window of one would measure the loop of tasks that waits for each answer.
    private static async Task ChatAsync(Echo.EchoClient client)
    {
        using var call = client.Chat();
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < Messages; i++)
            {
                await call.RequestStream.WriteAsync(Request);
            }

            await call.RequestStream.CompleteAsync();
        });
        var came = 0;
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            came++;
        }

        await writing;
        Assert.Equal(Messages, came);
    }

    // The first run fills the pools and is compiled while it goes. The best of three: what else the process does by itself must not count.
    private async Task MeasureAsync(Func<Task> run, int messages, long messageBytes)
    {
        await run();
        var least = long.MaxValue;
        for (var i = 0; i < 3; i++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await run();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        output.WriteLine($"{least / messages} bytes for each message, of which {messageBytes} are messages");
        Assert.InRange(least / messages, 0, messageBytes + RoomBytes);
    }

    private static long BytesOf<T>(MessageParser<T> parser, T message)
        where T : IMessage<T>
    {
        var bytes = message.ToByteArray();
        return BytesOf(() => parser.ParseFrom(new ReadOnlySequence<byte>(bytes)));
    }

    private static long BytesOf(Func<object> make)
    {
        const int Times = 1000;
        make();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Times; i++)
        {
            GC.KeepAlive(make());
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / Times;
    }
}
