using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>What the client makes of answers that no gRPC library would give: a proxy's, a broken server's.</summary>
public sealed class OddServerTests
{
    private static readonly byte[] Reply = RawHttp2.Message(0, 4, [0x0A, 2, .. "hi"u8]);

    [Theory]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(500, StatusCode.Unknown)]
    [InlineData(503, StatusCode.Unavailable)]
    public Task An_HTTP_error_becomes_a_status(int http, StatusCode expected) => FailsAsync(expected, response =>
    {
        response.StatusCode = http;
        return Task.CompletedTask;
    });

    [Fact]
    public Task Metadata_that_a_server_finds_too_large_is_named_as_the_cause() => FailsAsync(StatusCode.Unknown, response =>
    {
        response.StatusCode = 431;
        return Task.CompletedTask;
    }, failure => Assert.Contains("431, the metadata of the call is too large", failure.Status.Detail, StringComparison.Ordinal));

    [Fact]
    public Task A_web_page_is_UNKNOWN() => FailsAsync(StatusCode.Unknown, response =>
    {
        response.ContentType = "text/html";
        return response.WriteAsync("<h1>hello</h1>");
    });

    [Fact]
    public Task A_stream_without_a_status_is_UNKNOWN() => FailsAsync(StatusCode.Unknown, response => AnswerAsync(response, Reply, status: null));

    [Theory]
    [InlineData("99", StatusCode.Unknown)]
    [InlineData("-1", StatusCode.Unknown)]
    [InlineData("five", StatusCode.Unknown)]
    [InlineData("5", StatusCode.NotFound)]
    public Task A_status_that_does_not_exist_is_UNKNOWN(string status, StatusCode expected) => FailsAsync(expected, response => AnswerAsync(response, Reply, status));

    [Fact]
    public Task OK_without_a_message_is_INTERNAL() => FailsAsync(StatusCode.Internal, response => AnswerAsync(response, [], "0"));

    [Fact]
    public Task Two_messages_to_a_unary_call_are_INTERNAL() => FailsAsync(StatusCode.Internal, response => AnswerAsync(response, [.. Reply, .. Reply], "0"));

    [Fact]
    public Task Half_a_message_is_INTERNAL() => FailsAsync(StatusCode.Internal, response => AnswerAsync(response, Reply[..^1], "0"));

    [Fact]
    public Task An_encoding_that_was_not_offered_is_INTERNAL() => FailsAsync(StatusCode.Internal, response =>
    {
        response.Headers["grpc-encoding"] = "zip";
        return AnswerAsync(response, Reply, "0");
    });

    [Fact]
    public Task A_broken_text_is_kept_as_it_is() => FailsAsync(StatusCode.NotFound, response =>
    {
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = "5";
        response.Headers["grpc-message"] = "100% %zz %C3%BC %";
        return Task.CompletedTask;
    }, failure =>
    {
        Assert.Equal("100% %zz ü %", failure.Status.Detail);
        Assert.Empty(failure.Trailers);
    });

    [Theory]
    [InlineData(7, StatusCode.Unavailable)]
    [InlineData(8, StatusCode.Cancelled)]
    [InlineData(11, StatusCode.ResourceExhausted)]
    [InlineData(12, StatusCode.PermissionDenied)]
    [InlineData(2, StatusCode.Internal)]
    public Task A_reset_becomes_a_status(int errorCode, StatusCode expected) => FailsAsync(expected, async response =>
    {
        response.ContentType = "application/grpc";
        await response.Body.FlushAsync();
        response.HttpContext.Features.GetRequiredFeature<IHttpResetFeature>().Reset(errorCode);
    });

    private static async Task AnswerAsync(HttpResponse response, byte[] body, string? status)
    {
        response.ContentType = "application/grpc";
        await response.StartAsync();
        await response.Body.WriteAsync(body);
        if (status is not null)
        {
            response.AppendTrailer("grpc-status", status);
        }
    }

    private static async Task FailsAsync(StatusCode expected, Func<HttpResponse, Task> answer, Action<RpcException>? check = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        await using var app = builder.Build();
        app.Run(context => answer(context.Response));
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        using var channel = GrpcChannel.ForAddress(address);
        var failure = await new Echo.EchoClient(channel).UnaryAsync(new EchoRequest()).ResponseAsync.Fails(expected);
        check?.Invoke(failure);
    }
}
