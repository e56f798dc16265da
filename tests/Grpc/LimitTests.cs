using Google.Protobuf;
using Grpc.Core;
using Grpc.Standard;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>Each limit of a door, as it bites.</summary>
public sealed class LimitTests
{
    private const int Kib = 1024;
    private const string ChatPath = "/grpctests.Echo/Chat";

    [Theory]
    [InlineData(15, StatusCode.OK)]
    [InlineData(17, StatusCode.ResourceExhausted)]
    public async Task A_message_over_the_limit_is_refused_with_the_limits_size(int kib, StatusCode expected)
    {
        await using var server = await StartAsync(new GrpcLimits { MaxMessageKib = 16 });
        var (status, detail) = await EndAsync(server.Client().UnaryAsync(new EchoRequest { Payload = ByteString.CopyFrom(new byte[kib * Kib]) }));
        Assert.Equal(expected, status);
        Assert.True(expected == StatusCode.OK || detail.Contains("16384 bytes", StringComparison.Ordinal), detail);
    }

    [Theory]
    [InlineData(15, StatusCode.OK)]
    [InlineData(17, StatusCode.ResourceExhausted)]
    public async Task A_reply_over_the_limit_is_not_sent_and_the_client_is_told(int kib, StatusCode expected)
    {
        await using var server = await StartAsync(new GrpcLimits { MaxReplyKib = 16 });
        var (status, detail) = await EndAsync(server.Client().UnaryAsync(new EchoRequest { Payload = ByteString.CopyFrom(new byte[kib * Kib]) }));
        Assert.Equal(expected, status);
        Assert.True(expected == StatusCode.OK || detail.Contains("16384 bytes", StringComparison.Ordinal), detail);
    }

    [Fact]
    public async Task One_stream_too_many_is_refused_and_a_client_goes_on_over_another_connection()
    {
        await using var server = await StartAsync(new GrpcLimits { MaxStreams = 2 });
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        foreach (var streamId in new[] { 1, 3, 5 })
        {
            await raw.SendHeadersAsync(streamId, endsStream: false, RawHttp2.GrpcHeaders(ChatPath));
        }

        Assert.Equal("reset 7", await raw.ReadOutcomeAsync(5));
        var client = server.Client();
        var chats = new List<AsyncDuplexStreamingCall<EchoRequest, EchoReply>>();
        for (var number = 0; number < 5; number++)
        {
            chats.Add(client.Chat());
            await chats[^1].RequestStream.WriteAsync(new EchoRequest { Text = "hello" });
            Assert.True(await chats[^1].ResponseStream.MoveNext().Happens("an answer over the next connection"));
        }

        chats.ForEach(chat => chat.Dispose());
    }

    [Fact]
    public async Task Streams_that_come_all_at_once_before_the_client_knows_the_limit_are_served_or_UNAVAILABLE()
    {
        await using var server = await StartAsync(new GrpcLimits { MaxStreams = 2 });
        for (var round = 0; round < 20; round++)
        {
            var client = server.Client();
            var chats = Enumerable.Range(0, 6).Select(_ => client.Chat()).ToArray();
            var served = await Task.WhenAll(chats.Select(IsServedAsync));
            Assert.Contains(true, served);
            Array.ForEach(chats, chat => chat.Dispose());
        }
    }

    [Fact]
    public async Task Headers_over_the_limit_are_refused_with_words()
    {
        await using var server = await StartAsync(new GrpcLimits { MaxHeaderKib = 4 });
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        await raw.SendLongHeadersAsync(1, endsStream: true, RawHttp2.GrpcHeaders(ChatPath, ("x-long", new string('a', 7 * Kib))));
        Assert.Equal("http 431", await raw.ReadOutcomeAsync(1));

        // A client that has heard the server's limit does not even send them.
        var client = server.Client();
        await client.UnaryAsync(new EchoRequest(), new Metadata { { "x-long", new string('a', 2 * Kib) } });
        var (status, detail) = await EndAsync(client.UnaryAsync(new EchoRequest(), new Metadata { { "x-long", new string('a', 7 * Kib) } }));
        Assert.Equal(StatusCode.ResourceExhausted, status);
        Assert.Contains("The metadata of the call is too large for the server", detail, StringComparison.Ordinal);
        await client.UnaryAsync(new EchoRequest());
    }

    [Fact]
    public async Task An_idle_connection_is_closed_and_the_next_call_opens_another()
    {
        await using var server = await StartAsync(new GrpcLimits { IdleSeconds = 1 });
        var client = server.Client();
        var first = (await client.UnaryAsync(new EchoRequest { Text = "context" })).Text;
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        await raw.DrainAsync().Happens("the end of a connection without a call");
        Assert.NotEmpty(first);
        Assert.NotEmpty((await client.UnaryAsync(new EchoRequest { Text = "context" })).Text);
    }

    [Fact]
    public async Task A_connection_that_answers_no_ping_is_closed_and_its_calls_are_cancelled()
    {
        await using var server = await StartAsync(new GrpcLimits { PingSeconds = 1, PingTimeoutSeconds = 1 });
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        await raw.SendHeadersAsync(1, endsStream: false, RawHttp2.GrpcHeaders("/grpctests.Echo/Unary"));
        await raw.SendDataAsync(1, endsStream: true, RawHttp2.Message(0, 6, [0x0A, 4, .. "wait"u8]));
        await server.Events.Started.Task.Happens("the start of the handler");
        await raw.DrainAsync().Happens("the end of a connection that answers no ping");
        await server.Events.Cancelled.Task.Happens("the cancellation of the handler");
    }

    [Fact]
    public async Task Without_pings_a_silent_connection_keeps_its_calls()
    {
        await using var server = await StartAsync(new GrpcLimits { PingSeconds = 0 });
        using var chat = server.Client().Chat();
        await chat.RequestStream.WriteAsync(new EchoRequest { Text = "hello" });
        Assert.True(await chat.ResponseStream.MoveNext().Happens("an answer"));
    }

    // How they bite, at every door of hub and agent: tests/EndToEnd/SlowLorisTests.
    [Fact]
    public void Slow_requests_are_cut_off_when_the_options_say()
    {
        var kestrel = new KestrelServerOptions();
        new GrpcLimits { RequestSeconds = 7, SlowBodySeconds = 9 }.ApplyTo(kestrel);
        Assert.Equal((7, 240, 9), (kestrel.Limits.RequestHeadersTimeout.TotalSeconds, kestrel.Limits.MinRequestBodyDataRate!.BytesPerSecond, kestrel.Limits.MinRequestBodyDataRate.GracePeriod.TotalSeconds));
        Assert.Equal(["--request-seconds: 1 to 3600.", "--slow-body-seconds: 2 to 3600."], new GrpcLimits { RequestSeconds = 0, SlowBodySeconds = 1 }.FindFaults());
    }

    [Fact]
    public void What_makes_no_sense_is_told_all_at_once_by_its_flags()
    {
        var limits = new GrpcLimits { LeastMessageKib = 16, MaxMessageKib = 15, MaxReplyKib = 2_000_000, MaxStreams = 0, MaxHeaderKib = 1, IdleSeconds = 0, PingSeconds = -1, PingTimeoutSeconds = 0 };
        Assert.Equal(
            ["--max-message-kib", "--max-reply-kib", "--max-streams", "--max-header-kib", "--idle-seconds", "--ping-seconds", "--ping-timeout-seconds"],
            limits.FindFaults().Select(fault => fault[..fault.IndexOf(':', StringComparison.Ordinal)]));
        Assert.Empty(new GrpcLimits().FindFaults());
    }

    private static async Task<bool> IsServedAsync(AsyncDuplexStreamingCall<EchoRequest, EchoReply> chat)
    {
        try
        {
            await chat.RequestStream.WriteAsync(new EchoRequest { Text = "hello" });
            return await chat.ResponseStream.MoveNext().Happens("an answer or a refusal");
        }
        catch (RpcException refused)
        {
            Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
            return false;
        }
    }

    private static Task<TestServer> StartAsync(GrpcLimits limits) => TestServer.StartAsync(configure: limits.ApplyTo, kestrel: limits.ApplyTo);

    private static async Task<(StatusCode Status, string Detail)> EndAsync(AsyncUnaryCall<EchoReply> call)
    {
        try
        {
            await call.ResponseAsync.Happens("the end of the call");
            return (StatusCode.OK, "");
        }
        catch (RpcException failure)
        {
            return (failure.StatusCode, failure.Status.Detail);
        }
    }
}
