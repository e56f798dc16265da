using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>Metadata in all three places, and credentials, which are metadata.</summary>
public sealed class MetadataTests
{
    [Fact]
    public async Task Request_metadata_comes_back_as_headers_and_as_trailers()
    {
        await using var server = await TestServer.StartAsync();
        var sent = new Metadata { { "x-text", "plain, with a comma" }, { "X-Twice", "one" }, { "x-twice", "two" }, { "x-blob-bin", [0, 1, 254, 255] }, { "x-empty-bin", [] }, { "x-blobs-bin", [1] }, { "x-blobs-bin", [2, 3] } };
        using var call = server.Client().UnaryAsync(new EchoRequest { Text = "metadata" }, sent);
        var headers = await call.ResponseHeadersAsync;
        await call;
        foreach (var received in new[] { headers, call.GetTrailers() })
        {
            Assert.Equal("plain, with a comma", received.GetValue("x-text"));

            // HTTP may join the values of one name, and the .NET client does. Text cannot be told apart again, base64 can.
            Assert.Equal("one, two", received.GetValue("x-twice"));
            Assert.Equal(["01", "0203"], received.GetAll("x-blobs-bin").Select(entry => Convert.ToHexString(entry.ValueBytes)));
            Assert.Equal(new byte[] { 0, 1, 254, 255 }, received.GetValueBytes("x-blob-bin"));
            Assert.Empty(received.GetValueBytes("x-empty-bin")!);
        }
    }

    [Fact]
    public async Task Names_that_HTTP_gives_a_meaning_pass_too()
    {
        await using var server = await TestServer.StartAsync();
        await server.Client().UnaryAsync(new EchoRequest(), new Metadata { { "expires", "0" }, { "authorization", "Bearer token" } });
        var seen = server.Events.LastRequestHeaders!;
        Assert.Equal(("0", "Bearer token"), (seen.GetValue("expires"), seen.GetValue("authorization")));
    }

    [Fact]
    public async Task Names_of_the_protocol_are_not_metadata()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Client().UnaryAsync(new EchoRequest { Text = "hello" }, new Metadata { { "grpc-timeout", "1n" }, { "te", "no" } });
        await call;
        Assert.DoesNotContain(call.GetTrailers(), entry => entry.Key.StartsWith("grpc-", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("with space", "value")]
    [InlineData("ümlaut", "value")]
    [InlineData("key", "line\nbreak")]
    [InlineData("key", "nön-ascii")]
    [InlineData("key-bin", "text")]
    [InlineData("", "value")]
    public void What_cannot_go_on_the_wire_is_refused_at_once(string key, string value) =>
        Assert.ThrowsAny<ArgumentException>(() => new Metadata { { key, value } });

    [Fact]
    public void Bytes_need_a_key_for_bytes() => Assert.Throws<ArgumentException>(() => new Metadata { { "key", [1, 2] } });

    [Fact]
    public void The_shared_empty_metadata_cannot_be_filled() =>
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("key", "value"));

    [Fact]
    public async Task Credentials_are_added_to_every_call_of_a_channel()
    {
        await using var server = await TestServer.StartAsync(isEncrypted: true);
        var count = 0;
        var credentials = CallCredentials.FromInterceptor((context, metadata) =>
        {
            metadata.Add("x-token", string.Create(CultureInfo.InvariantCulture, $"{context.MethodName} {++count}"));
            return Task.CompletedTask;
        });
        var client = server.Client(options => options.Credentials = ChannelCredentials.Create(ChannelCredentials.SecureSsl, credentials));
        for (var i = 1; i <= 2; i++)
        {
            using var call = client.UnaryAsync(new EchoRequest { Text = "metadata" });
            await call;
            Assert.Equal($"Unary {i}", call.GetTrailers().GetValue("x-token"));
        }
    }

    [Fact]
    public async Task Credentials_do_not_go_over_plaintext_unless_allowed()
    {
        await using var server = await TestServer.StartAsync();
        var credentials = CallCredentials.FromInterceptor((_, metadata) =>
        {
            metadata.Add("x-token", "secret");
            return Task.CompletedTask;
        });
        var options = new CallOptions(credentials: credentials);
        await server.Client().UnaryAsync(new EchoRequest(), options).ResponseAsync.Fails(StatusCode.Internal);

        using var call = server.Client(channel => channel.UnsafeUseInsecureChannelCallCredentials = true).UnaryAsync(new EchoRequest { Text = "metadata" }, options);
        await call;
        Assert.Equal("secret", call.GetTrailers().GetValue("x-token"));
    }

    [Fact]
    public async Task Credentials_that_cannot_be_had_are_UNAUTHENTICATED()
    {
        await using var server = await TestServer.StartAsync(isEncrypted: true);
        var credentials = CallCredentials.FromInterceptor((_, _) => throw new InvalidOperationException("no token today"));
        await server.Client().UnaryAsync(new EchoRequest(), new CallOptions(credentials: credentials)).ResponseAsync.Fails(StatusCode.Unauthenticated);
    }

    [Theory]
    [InlineData("ftp://localhost")]
    [InlineData("http://localhost/path")]
    public void Addresses_that_no_channel_can_have_are_refused(string address) =>
        Assert.Throws<ArgumentException>(() => GrpcChannel.ForAddress(address));
}
