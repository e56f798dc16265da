using Google.Protobuf;
using Grpc.Core;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>The limits on the size of a message, and that there is none on a stream.</summary>
public sealed class SizeTests
{
    private const int FourMiB = 4 * 1024 * 1024;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16 * 1024)]
    [InlineData(FourMiB - 100)]
    public async Task A_message_within_the_limit_passes(int bytes)
    {
        await using var server = await TestServer.StartAsync();
        var payload = ByteString.CopyFrom(new byte[bytes]);
        Assert.Equal(payload, (await server.Client().UnaryAsync(new EchoRequest { Payload = payload })).Payload);
    }

    [Fact]
    public async Task A_request_over_the_servers_limit_is_RESOURCE_EXHAUSTED()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Client();
        await client.UnaryAsync(Sized(FourMiB)).ResponseAsync.Fails(StatusCode.ResourceExhausted);
        await client.UnaryAsync(Sized(1));
    }

    [Fact]
    public async Task A_response_over_the_clients_limit_is_RESOURCE_EXHAUSTED()
    {
        await using var server = await TestServer.StartAsync();
        await server.Client(options => options.MaxReceiveMessageSize = 1000).UnaryAsync(Sized(1000)).ResponseAsync.Fails(StatusCode.ResourceExhausted);
    }

    [Fact]
    public async Task A_request_over_the_clients_own_limit_is_not_sent()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Client(options => options.MaxSendMessageSize = 1000);
        await client.UnaryAsync(Sized(1000)).ResponseAsync.Fails(StatusCode.ResourceExhausted);

        // In a stream the other messages are not harmed.
        using var call = client.Upload();
        await call.RequestStream.WriteAsync(Sized(10));
        await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(Sized(1000)));
        await call.RequestStream.WriteAsync(Sized(10));
        await call.RequestStream.CompleteAsync();
        Assert.Equal((2L, "20"), ((await call).Count, (await call).Text));
    }

    [Fact]
    public async Task A_response_over_the_servers_own_limit_is_RESOURCE_EXHAUSTED()
    {
        await using var server = await TestServer.StartAsync(configure: options => options.MaxSendMessageSize = 1000);
        await server.Client().UnaryAsync(Sized(1000)).ResponseAsync.Fails(StatusCode.ResourceExhausted);
        using var call = server.Client().Download(new EchoRequest { Count = 1, Payload = ByteString.CopyFrom(new byte[1000]) });
        await call.ResponseStream.MoveNext().Fails(StatusCode.ResourceExhausted);
    }

    [Fact]
    public async Task Without_limits_a_large_message_passes()
    {
        await using var server = await TestServer.StartAsync(configure: options => options.MaxReceiveMessageSize = null);
        var reply = await server.Client(options => options.MaxReceiveMessageSize = null).UnaryAsync(Sized(40_000_000));
        Assert.Equal(40_000_000, reply.Payload.Length);
    }

    [Fact]
    public async Task A_stream_may_be_longer_than_the_servers_body_limit()
    {
        await using var server = await TestServer.StartAsync(kestrel: options => options.Limits.MaxRequestBodySize = 1000);
        using var call = server.Client().Upload();
        for (var i = 0; i < 100; i++)
        {
            await call.RequestStream.WriteAsync(Sized(1000));
        }

        await call.RequestStream.CompleteAsync();
        Assert.Equal("100000", (await call).Text);
    }

    private static EchoRequest Sized(int bytes) => new() { Payload = ByteString.CopyFrom(new byte[bytes]) };
}
