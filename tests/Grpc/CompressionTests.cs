using Google.Protobuf;
using Grpc.Core;
using Grpc.Wire;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>Compressed messages, asked for by either side.</summary>
public sealed class CompressionTests
{
    private static readonly ByteString Compressible = ByteString.CopyFrom(new byte[100_000]);

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("identity")]
    public async Task Requests_can_be_compressed(string encoding)
    {
        await using var server = await TestServer.StartAsync();
        var headers = new Metadata { { "grpc-internal-encoding-request", encoding } };
        var reply = await server.Client().UnaryAsync(new EchoRequest { Payload = Compressible }, headers);
        Assert.Equal(Compressible, reply.Payload);

        using var call = server.Client().Upload(headers);
        await call.RequestStream.WriteAsync(new EchoRequest { Payload = Compressible });
        call.RequestStream.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
        await call.RequestStream.WriteAsync(new EchoRequest { Payload = Compressible });
        await call.RequestStream.CompleteAsync();
        Assert.Equal("200000", (await call).Text);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task Responses_can_be_compressed(string encoding)
    {
        await using var server = await TestServer.StartAsync(configure: options => options.ResponseCompressionAlgorithm = encoding);
        Assert.Equal(Compressible, (await server.Client().UnaryAsync(new EchoRequest { Payload = Compressible })).Payload);

        using var call = server.Client().Download(new EchoRequest { Payload = Compressible, Count = 3 });
        await foreach (var reply in call.ResponseStream.ReadAllAsync())
        {
            Assert.Equal(Compressible, reply.Payload);
        }
    }

    [Fact]
    public async Task The_limit_counts_what_a_message_unpacks_to()
    {
        await using var server = await TestServer.StartAsync(configure: options => options.MaxReceiveMessageSize = 10_000);
        var headers = new Metadata { { "grpc-internal-encoding-request", "gzip" } };
        await server.Client().UnaryAsync(new EchoRequest { Payload = Compressible }, headers).ResponseAsync.Fails(StatusCode.ResourceExhausted);
    }

    [Fact]
    public async Task An_encoding_that_does_not_exist_is_refused_where_it_is_asked_for()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Client();
        Assert.Throws<InvalidOperationException>(() => client.UnaryAsync(new EchoRequest(), new Metadata { { "grpc-internal-encoding-request", "zip" } }));
        await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(configure: options => options.ResponseCompressionAlgorithm = "zip"));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task An_empty_message_goes_plain_on_a_compressed_call(string encoding)
    {
        await using var server = await TestServer.StartAsync(configure: options => options.ResponseCompressionAlgorithm = encoding);
        var reply = await server.Client().UnaryAsync(new EchoRequest(), new Metadata { { "grpc-internal-encoding-request", encoding } });
        Assert.Equal(new EchoReply(), reply);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task A_compressed_message_that_ends_too_early_is_INTERNAL_and_never_half_a_message(string encoding)
    {
        await using var server = await TestServer.StartAsync();
        using var buffer = new PooledBuffer();
        Encodings.Compress(encoding, System.IO.Compression.CompressionLevel.Fastest, new EchoRequest { Text = new string('x', 1000) }.ToByteArray(), buffer);
        var whole = buffer.Written.ToArray();
        for (var length = 0; length < whole.Length; length++)
        {
            using var raw = await RawHttp2.ConnectAsync(server.Port);
            await raw.SendHeadersAsync(1, endsStream: false, RawHttp2.GrpcHeaders("/grpctests.Echo/Unary", ("grpc-encoding", encoding)));
            await raw.SendDataAsync(1, endsStream: true, RawHttp2.Message(1, (uint)length, whole[..length]));
            Assert.Equal((length, "status 13"), (length, await raw.ReadOutcomeAsync(1)));
        }
    }
}
