using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>The official gRPC of another language (Ruby, which is the C++ core) as client and as server.</summary>
public sealed class RubyTests
{
    private const int Count = 2000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_official_client_is_content_with_this_server(bool isEncrypted)
    {
        await using var server = await TestServer.StartAsync(isEncrypted, options => options.ResponseCompressionAlgorithm = "gzip");
        await using var ruby = new RubyPeer();
        var output = await ruby.StartAsync("echo_client.rb", server.Certificate, ("ECHO_TARGET", string.Create(CultureInfo.InvariantCulture, $"localhost:{server.Port}")));
        var lines = (await output.ReadToEndAsync().Happens("the end of the Ruby client")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0 || !lines[^1].EndsWith(" cases", StringComparison.Ordinal))
        {
            Assert.Fail(string.Join('\n', [.. lines, await ruby.ExplainAsync()]));
        }

        Assert.All(lines[..^1], line => Assert.StartsWith("ok ", line, StringComparison.Ordinal));
        Assert.Equal(17, lines.Length - 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task This_client_is_content_with_the_official_server(bool isEncrypted)
    {
        using var certificate = isEncrypted ? TestServer.NewCertificate() : null;
        await using var ruby = new RubyPeer();
        var port = await ruby.StartServerAsync(certificate);
        using var handler = GrpcHttpHandler.Create();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == certificate?.GetCertHashString();
        using var channel = GrpcChannel.ForAddress(
            string.Create(CultureInfo.InvariantCulture, $"{(isEncrypted ? "https" : "http")}://localhost:{port}"), new GrpcChannelOptions { HttpHandler = handler });
        var client = new Echo.EchoClient(channel);

        await MessagesPassAsync(client);
        await StreamsPassAsync(client);
        await FailuresPassAsync(client, channel);
        await MetadataPassesAsync(client);
    }

    private static async Task MessagesPassAsync(Echo.EchoClient client)
    {
        var payload = ByteString.CopyFrom(new byte[100_000]);
        Assert.Equal(payload, (await client.UnaryAsync(new EchoRequest { Payload = payload })).Payload);
        Assert.Equal(payload, (await client.UnaryAsync(new EchoRequest { Payload = payload }, new Metadata { { "grpc-internal-encoding-request", "gzip" } })).Payload);
        await client.UnaryAsync(new EchoRequest { Payload = ByteString.CopyFrom(new byte[5_000_000]) }).ResponseAsync.Fails(StatusCode.ResourceExhausted);
    }

    private static async Task StreamsPassAsync(Echo.EchoClient client)
    {
        using var download = client.Download(new EchoRequest { Count = Count });
        Assert.Equal(Count, await download.ResponseStream.ReadAllAsync().CountAsync());

        using var upload = client.Upload();
        using var chat = client.Chat();
        for (var i = 0; i < Count; i++)
        {
            await upload.RequestStream.WriteAsync(new EchoRequest { Payload = ByteString.CopyFromUtf8("seven77") });
            await chat.RequestStream.WriteAsync(new EchoRequest { Count = i });
            Assert.True(await chat.ResponseStream.MoveNext().Happens("a reply of the Ruby server"));
            Assert.Equal(i, chat.ResponseStream.Current.Count);
        }

        await upload.RequestStream.CompleteAsync();
        Assert.Equal(Count, (await upload.ResponseAsync.Happens("the response of the Ruby server")).Count);
        await chat.RequestStream.CompleteAsync();
        Assert.False(await chat.ResponseStream.MoveNext().Happens("the end of the Ruby server's stream"));
    }

    private static async Task FailuresPassAsync(Echo.EchoClient client, GrpcChannel channel)
    {
        var rejection = await client.UnaryAsync(new EchoRequest { Text = "reject" }).ResponseAsync.Fails(StatusCode.FailedPrecondition);
        Assert.Equal("50 % of ünïcode\n", rejection.Status.Detail);
        Assert.Equal("told so", rejection.Trailers.GetValue("reason"));
        Assert.Equal(new byte[] { 0, 255, 1 }, rejection.Trailers.GetValueBytes("blob-bin"));

        await client.UnaryAsync(new EchoRequest { Text = "wait" }, deadline: DateTime.UtcNow.AddMilliseconds(300)).ResponseAsync.Fails(StatusCode.DeadlineExceeded);

        using var early = client.Upload();
        await early.RequestStream.WriteAsync(new EchoRequest { Text = "enough" });
        Assert.Equal(0, (await early.ResponseAsync.Happens("the early response of the Ruby server")).Count);

        var missing = new Method<string, string>(MethodType.Unary, "grpctests.Echo", "Nothing", Marshallers.StringMarshaller, Marshallers.StringMarshaller);
        await channel.CreateCallInvoker().AsyncUnaryCall(missing, host: null, default, "").ResponseAsync.Fails(StatusCode.Unimplemented);
    }

    private static async Task MetadataPassesAsync(Echo.EchoClient client)
    {
        using var call = client.UnaryAsync(new EchoRequest { Text = "metadata" }, new Metadata { { "x-text", "plain" }, { "x-blob-bin", [0, 255] } });
        await call;
        Assert.Equal("plain", call.GetTrailers().GetValue("x-text"));
        Assert.Equal(new byte[] { 0, 255 }, call.GetTrailers().GetValueBytes("x-blob-bin"));
    }
}
