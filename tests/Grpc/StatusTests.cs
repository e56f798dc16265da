using Grpc.Core;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>How a handler ends a call, and what the client sees of it.</summary>
public sealed class StatusTests
{
    [Fact]
    public async Task A_rejection_arrives_with_its_text_and_trailers()
    {
        await using var server = await TestServer.StartAsync();
        var failure = await server.Client().UnaryAsync(new EchoRequest { Text = "reject" }).ResponseAsync.Fails(StatusCode.FailedPrecondition);
        Assert.Equal("50 % of ünïcode\n", failure.Status.Detail);
        Assert.Equal("told so", failure.Trailers.GetValue("reason"));
        Assert.Equal(new byte[] { 0, 255, 1 }, failure.Trailers.GetValueBytes("blob-bin"));
        Assert.Equal(2, failure.Trailers.Count);
    }

    [Fact]
    public async Task An_exception_becomes_UNKNOWN_without_its_text_and_is_logged_once()
    {
        await using var server = await TestServer.StartAsync();
        var failure = await server.Client().UnaryAsync(new EchoRequest { Text = "throw" }).ResponseAsync.Fails(StatusCode.Unknown);
        Assert.DoesNotContain("secret", failure.Status.Detail, StringComparison.Ordinal);
        var (_, _, exception) = Assert.Single(server.Logs.Errors);
        Assert.IsType<InvalidOperationException>(exception);
    }

    [Fact]
    public async Task Detailed_errors_show_the_text_of_an_exception()
    {
        await using var server = await TestServer.StartAsync(configure: options => options.EnableDetailedErrors = true);
        var failure = await server.Client().UnaryAsync(new EchoRequest { Text = "throw" }).ResponseAsync.Fails(StatusCode.Unknown);
        Assert.Contains("secret", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_status_that_the_handler_sets_ends_the_call()
    {
        await using var server = await TestServer.StartAsync();
        var failure = await server.Client().UnaryAsync(new EchoRequest { Text = "status" }).ResponseAsync.Fails(StatusCode.DataLoss);
        Assert.Equal("by status", failure.Status.Detail);
    }

    [Fact]
    public async Task A_handler_without_a_response_message_cancels_the_call()
    {
        await using var server = await TestServer.StartAsync();
        await server.Client().UnaryAsync(new EchoRequest { Text = "null" }).ResponseAsync.Fails(StatusCode.Cancelled);
    }

    [Theory]
    [InlineData("reject", StatusCode.Aborted)]
    [InlineData("throw", StatusCode.Unknown)]
    public async Task Messages_before_a_failure_arrive_before_it(string text, StatusCode expected)
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Client().Download(new EchoRequest { Text = text, Count = 5 });
        for (var i = 0; i < 5; i++)
        {
            Assert.True(await call.ResponseStream.MoveNext());
        }

        await call.ResponseStream.MoveNext().Fails(expected);
        await call.ResponseStream.MoveNext().Fails(expected);
        Assert.Equal(expected, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task A_server_may_end_a_client_stream_early()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Client().Upload();
        await call.RequestStream.WriteAsync(new EchoRequest());
        await call.RequestStream.WriteAsync(new EchoRequest { Text = "enough" });
        Assert.Equal(1, (await call.ResponseAsync.Happens("the early response")).Count);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);

        var refused = await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(new EchoRequest()));
        Assert.Equal(StatusCode.OK, refused.StatusCode);
        await call.RequestStream.CompleteAsync();
    }

    [Fact]
    public async Task A_server_may_end_a_duplex_call_early()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Client().Chat();
        await call.RequestStream.WriteAsync(new EchoRequest { Text = "enough" });
        Assert.False(await call.ResponseStream.MoveNext().Happens("the early end"));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task The_status_is_refused_before_the_end()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Client().Chat();
        Assert.Throws<InvalidOperationException>(() => call.GetStatus());
        Assert.Throws<InvalidOperationException>(() => call.GetTrailers());
    }

    [Fact]
    public async Task A_second_write_or_read_at_the_same_time_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Client().Chat();
        var reading = call.ResponseStream.MoveNext();
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.ResponseStream.MoveNext());
        await call.RequestStream.CompleteAsync();
        Assert.False(await reading.Happens("the end of the stream"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync(new EchoRequest()));
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_UNAVAILABLE()
    {
        var server = await TestServer.StartAsync();
        var client = server.Client();
        await client.UnaryAsync(new EchoRequest());
        await server.StopAsync();
        await client.UnaryAsync(new EchoRequest()).ResponseAsync.Fails(StatusCode.Unavailable);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task The_context_describes_the_call()
    {
        await using var server = await TestServer.StartAsync();
        var reply = await server.Client().UnaryAsync(new EchoRequest { Text = "context" });
        Assert.StartsWith($"/grpctests.Echo/Unary localhost:{server.Port} ipv4:127.0.0.1:", reply.Text, StringComparison.Ordinal);
        Assert.EndsWith(" ", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_context_knows_the_client_by_its_certificate()
    {
        using var clientCertificate = TestServer.NewCertificate("till-7");
        await using var server = await TestServer.StartAsync(isEncrypted: true, kestrel: options => options.ConfigureHttpsDefaults(https =>
        {
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.ClientCertificateValidation = (shown, _, _) => shown.GetCertHashString() == clientCertificate.GetCertHashString();
        }));
        var client = server.Client(options => ((SocketsHttpHandler)options.HttpHandler!).SslOptions.ClientCertificates = [clientCertificate]);
        Assert.EndsWith(" till-7", (await client.UnaryAsync(new EchoRequest { Text = "context" })).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_send_to_a_call_that_was_refused_fails_with_the_reason_of_the_refusal()
    {
        await using var server = await TestServer.StartAsync();
        var method = new Method<string, string>(MethodType.DuplexStreaming, "grpctests.Echo", "Missing", Marshallers.StringMarshaller, Marshallers.StringMarshaller);
        using var call = server.Channel().CreateCallInvoker().AsyncDuplexStreamingCall(method, null, default);
        await SendForEverAsync(call.RequestStream).Fails(StatusCode.Unimplemented);

        static async Task SendForEverAsync(IClientStreamWriter<string> requests)
        {
            while (true)
            {
                await requests.WriteAsync(new string('x', 10_000));
            }
        }
    }
}
