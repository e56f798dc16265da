using Google.Protobuf;
using Grpc.Core;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>The four shapes of a call, on plaintext and on TLS.</summary>
public sealed class CallShapeTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_unary_call_is_answered(bool isEncrypted)
    {
        await using var server = await TestServer.StartAsync(isEncrypted);
        var reply = await server.Client().UnaryAsync(new EchoRequest { Text = "hello", Count = 3 });
        Assert.Equal(("hello", 3L), (reply.Text, reply.Count));
    }

    [Fact]
    public async Task A_blocking_unary_call_is_answered()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Client();
        var reply = await Task.Run(() => client.Unary(new EchoRequest { Text = "hello" }));
        Assert.Equal("hello", reply.Text);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 10_000)]
    [InlineData(true, 10_000)]
    public async Task A_server_stream_arrives_whole_and_in_order(bool isEncrypted, int count)
    {
        await using var server = await TestServer.StartAsync(isEncrypted);
        using var call = server.Client().Download(new EchoRequest { Count = count, Payload = ByteString.CopyFromUtf8("payload") });
        var expected = 0L;
        await foreach (var reply in call.ResponseStream.ReadAllAsync())
        {
            Assert.Equal(expected++, reply.Count);
        }

        Assert.Equal(count, expected);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 10_000)]
    [InlineData(true, 10_000)]
    public async Task A_client_stream_arrives_whole(bool isEncrypted, int count)
    {
        await using var server = await TestServer.StartAsync(isEncrypted);
        using var call = server.Client().Upload();
        var request = new EchoRequest { Payload = ByteString.CopyFromUtf8("seven77") };
        for (var i = 0; i < count; i++)
        {
            await call.RequestStream.WriteAsync(request);
        }

        await call.RequestStream.CompleteAsync();
        var reply = await call;
        Assert.Equal(count, reply.Count);
        Assert.Equal((7 * count).ToString(System.Globalization.CultureInfo.InvariantCulture), reply.Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_duplex_call_streams_both_ways_at_once(bool isEncrypted)
    {
        const int Count = 10_000;
        await using var server = await TestServer.StartAsync(isEncrypted);
        using var call = server.Client().Chat();
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < Count; i++)
            {
                await call.RequestStream.WriteAsync(new EchoRequest { Count = i });
            }

            await call.RequestStream.CompleteAsync();
        });

        var expected = 0L;
        await foreach (var reply in call.ResponseStream.ReadAllAsync())
        {
            Assert.Equal(expected++, reply.Count);
        }

        await writing;
        Assert.Equal(Count, expected);
    }

    [Fact]
    public async Task A_lone_message_in_an_open_stream_is_not_held_back()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Client().Chat();
        for (var i = 0; i < 100; i++)
        {
            // The stream stays open on both sides, so only a flush on idle lets this end.
            await call.RequestStream.WriteAsync(new EchoRequest { Count = i });
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(i, call.ResponseStream.Current.Count);
        }
    }
}
