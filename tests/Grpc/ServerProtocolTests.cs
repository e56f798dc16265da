using System.Net;
using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>What the server does with requests that no gRPC library would send, down to the frames.</summary>
public sealed class ServerProtocolTests
{
    private const string UnaryPath = "/grpctests.Echo/Unary";
    private const string ChatPath = "/grpctests.Echo/Chat";

    // EchoRequest { text: "reject" } and { text: "hi" } in protobuf.
    private static readonly byte[] Reject = [0x0A, 6, .. "reject"u8];
    private static readonly byte[] Hi = [0x0A, 2, .. "hi"u8];

    [Fact]
    public async Task A_failure_without_messages_is_one_HEADERS_frame()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        await raw.SendHeadersAsync(1, endsStream: false, RawHttp2.GrpcHeaders(UnaryPath));
        await raw.SendDataAsync(1, endsStream: true, RawHttp2.Message(0, 8, Reject));
        var frame = Assert.Single(await raw.ReadStreamAsync(1));
        Assert.Equal(RawHttp2.Headers, frame.Type);
        Assert.True(frame.EndsStream);
        Assert.Contains("grpc-status", frame.PlainText, StringComparison.Ordinal);
        Assert.Contains("50 %25 of %C3%BCn%C3%AFcode%0A", frame.PlainText, StringComparison.Ordinal);
        Assert.Contains("AP8B", frame.PlainText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_success_is_headers_data_and_trailers()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        await raw.SendHeadersAsync(1, endsStream: false, RawHttp2.GrpcHeaders(UnaryPath));
        await raw.SendDataAsync(1, endsStream: true, RawHttp2.Message(0, 4, Hi));
        var frames = await raw.ReadStreamAsync(1);
        Assert.Equal([RawHttp2.Headers, RawHttp2.Data, RawHttp2.Headers], frames.Select(frame => frame.Type));
        Assert.Equal(RawHttp2.Message(0, 4, Hi), frames[1].Payload);
        Assert.True(frames[2].EndsStream);
    }

    [Fact]
    public async Task Messages_may_be_cut_into_frames_anywhere()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        await raw.SendHeadersAsync(1, endsStream: false, RawHttp2.GrpcHeaders(ChatPath));
        byte[] two = [.. RawHttp2.Message(0, 4, Hi), .. RawHttp2.Message(0, 4, Hi)];
        foreach (var one in two)
        {
            await raw.SendDataAsync(1, endsStream: false, one);
        }

        await raw.SendDataAsync(1, endsStream: true, [.. two, .. two]);
        var frames = await raw.ReadStreamAsync(1);
        Assert.Equal(6 * 9, frames.Where(frame => frame.Type == RawHttp2.Data).Sum(frame => frame.Payload.Length));
    }

    [Theory]
    [InlineData("/grpctests.Echo/unary")]
    [InlineData("/GRPCTESTS.ECHO/Unary")]
    [InlineData("/grpctests.Echo/Unary/")]
    [InlineData("/grpctests.Echo/Nothing")]
    [InlineData("/grpctests.Nobody/Unary")]
    public async Task Paths_that_nobody_serves_are_UNIMPLEMENTED(string path)
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(StatusCode.Unimplemented, await StatusOfAsync(server, path, [], RawHttp2.Message(0, 4, Hi)));
    }

    [Fact]
    public async Task A_method_that_the_service_does_not_override_is_UNIMPLEMENTED()
    {
        await using var server = await TestServer.StartAsync();
        var method = new Method<string, string>(MethodType.Unary, "grpctests.Echo", "Missing", Marshallers.StringMarshaller, Marshallers.StringMarshaller);
        await server.Channel().CreateCallInvoker().AsyncUnaryCall(method, null, default, "hi").ResponseAsync.Fails(StatusCode.Unimplemented);
    }

    [Fact]
    public async Task An_unknown_encoding_is_UNIMPLEMENTED_and_the_answer_lists_the_known_ones()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        await raw.SendHeadersAsync(1, endsStream: true, RawHttp2.GrpcHeaders(UnaryPath, ("grpc-encoding", "zip")));
        var frame = Assert.Single(await raw.ReadStreamAsync(1));
        Assert.Contains("identity,gzip,deflate", frame.PlainText, StringComparison.Ordinal);
        Assert.Equal(StatusCode.Unimplemented, await StatusOfAsync(server, UnaryPath, [("grpc-encoding", "zip")], []));
    }

    [Fact]
    public async Task A_message_is_too_large_as_soon_as_its_header_says_so()
    {
        // Nothing but the header is ever sent, and the stream stays open: only the length can decide.
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        await raw.SendHeadersAsync(1, endsStream: false, RawHttp2.GrpcHeaders(UnaryPath));
        await raw.SendDataAsync(1, endsStream: false, RawHttp2.Message(0, uint.MaxValue));
        var frames = await raw.ReadStreamAsync(1);
        Assert.Contains("MaxReceiveMessageSize", Assert.Single(frames).PlainText, StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[], StatusCode> BrokenBodies => new()
    {
        { "compressed without an encoding", RawHttp2.Message(1, 4, Hi), StatusCode.Internal },
        { "an unknown flag", RawHttp2.Message(2, 4, Hi), StatusCode.Internal },
        { "cut in the header", [0, 0], StatusCode.Internal },
        { "cut in the message", RawHttp2.Message(0, 5, Hi), StatusCode.Internal },
        { "no message", [], StatusCode.Internal },
        { "two messages", [.. RawHttp2.Message(0, 4, Hi), .. RawHttp2.Message(0, 4, Hi)], StatusCode.Internal },
        { "not a protobuf", RawHttp2.Message(0, 2, 0x0A, 200), StatusCode.Internal },
    };

    [Theory]
    [MemberData(nameof(BrokenBodies))]
    public async Task A_broken_body_ends_its_call_and_nothing_else(string what, byte[] body, StatusCode expected)
    {
        await using var server = await TestServer.StartAsync();
        Assert.True(expected == await StatusOfAsync(server, UnaryPath, [], body), what);
        await server.Client().UnaryAsync(new EchoRequest());
    }

    [Theory]
    [InlineData("0S", StatusCode.DeadlineExceeded)]
    [InlineData("1n", StatusCode.DeadlineExceeded)]
    [InlineData("99999999H", StatusCode.OK)]
    [InlineData("99999999S", StatusCode.OK)]
    [InlineData("123456789S", StatusCode.OK)]
    [InlineData("10x", StatusCode.OK)]
    [InlineData("-1S", StatusCode.OK)]
    [InlineData("S", StatusCode.OK)]
    public async Task Timeouts_at_the_edges_do_no_harm(string timeout, StatusCode expected)
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(expected, await StatusOfAsync(server, UnaryPath, [("grpc-timeout", timeout)], RawHttp2.Message(0, 4, Hi)));
    }

    [Fact]
    public async Task Metadata_that_is_not_base64_is_dropped()
    {
        await using var server = await TestServer.StartAsync();
        byte[] metadata = [0x0A, 8, .. "metadata"u8];
        Assert.Equal(StatusCode.OK, await StatusOfAsync(server, UnaryPath, [("x-odd-bin", "***"), ("x-padded-bin", "AA==")], RawHttp2.Message(0, 10, metadata)));
    }

    [Theory]
    [InlineData("application/json", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/grpc-web", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/grpc+proto", HttpStatusCode.OK)]
    [InlineData("application/grpc;charset=utf-8", HttpStatusCode.OK)]
    public async Task Other_content_types_are_refused_in_terms_of_HTTP(string contentType, HttpStatusCode expected)
    {
        await using var server = await TestServer.StartAsync();
        using var response = await PostAsync(server, UnaryPath, [], RawHttp2.Message(0, 4, Hi), contentType);
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task HTTP_1_is_told_to_upgrade()
    {
        await using var server = await TestServer.StartAsync(protocols: HttpProtocols.Http1);
        using var client = new HttpClient();
        using var content = new ByteArrayContent(RawHttp2.Message(0, 4, Hi));
        content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        using var response = await client.PostAsync(server.Address + UnaryPath, content);
        Assert.Equal(HttpStatusCode.UpgradeRequired, response.StatusCode);
        await server.Client().UnaryAsync(new EchoRequest()).ResponseAsync.Fails(StatusCode.Internal);
    }

    [Fact]
    public async Task A_client_that_vanishes_is_no_error_of_the_server()
    {
        await using var server = await TestServer.StartAsync();
        using (var raw = await RawHttp2.ConnectAsync(server.Port))
        {
            byte[] wait = [0x0A, 4, .. "wait"u8];
            await raw.SendHeadersAsync(1, endsStream: false, RawHttp2.GrpcHeaders(UnaryPath));
            await raw.SendDataAsync(1, endsStream: true, RawHttp2.Message(0, 6, wait));
            await server.Events.Started.Task.Happens("the start of the handler");
        }

        await server.Events.Cancelled.Task.Happens("the cancellation of the handler");
        Assert.Empty(server.Logs.Errors);
    }

    [Fact]
    public async Task Garbage_on_the_port_leaves_the_server_alive()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var garbage in new[] { new byte[100], Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"), [22, 3, 1, 0, 200, 1, 0] })
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync("localhost", server.Port);
            var stream = tcp.GetStream();
            await stream.WriteAsync(garbage);
            tcp.Client.Shutdown(SocketShutdown.Send);
            await ReadToEndAsync(stream).Happens("the server closing the connection");
        }

        Assert.Equal("alive", (await server.Client().UnaryAsync(new EchoRequest { Text = "alive" })).Text);
    }

    private static async Task ReadToEndAsync(NetworkStream stream)
    {
        try
        {
            await stream.CopyToAsync(Stream.Null);
        }
        catch (IOException reset) when (reset.InnerException is SocketException)
        {
            // A reset is as good an end as a close.
        }
    }

    private static async Task<StatusCode> StatusOfAsync(TestServer server, string path, (string Name, string Value)[] headers, byte[] body)
    {
        using var response = await PostAsync(server, path, headers, body, "application/grpc");
        await response.Content.ReadAsByteArrayAsync();
        var source = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        return (StatusCode)int.Parse(source.GetValues("grpc-status").Single(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<HttpResponseMessage> PostAsync(TestServer server, string path, (string Name, string Value)[] headers, byte[] body, string contentType)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Address + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.TryAddWithoutValidation("content-type", contentType);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await client.SendAsync(request);
    }
}
