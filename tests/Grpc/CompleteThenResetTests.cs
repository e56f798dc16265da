using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>A server that has answered may reset the stream with NO_ERROR, or say that it goes away, to be spared the rest of the request (RFC 9113, 8.1):
/// the answer stands.</summary>
public sealed class CompleteThenResetTests
{
    private const int Rounds = 50; // the reset may overtake whoever waits for the headers, for the body or for the trailers
    private const byte GoAway = 7;
    private static readonly EchoRequest Large = new() { Payload = ByteString.CopyFrom(new byte[500_000]) };
    private static readonly byte[] Message = RawHttp2.Message(0, 4, [0x0A, 2, .. "hi"u8]);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_unary_call_keeps_its_answer(bool isStillSending) => AnsweredAsync(Complete, async client =>
    {
        var reply = await client.UnaryAsync(isStillSending ? Large : new EchoRequest());
        Assert.Equal("hi", reply.Text);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_refusal_stays_the_refusal_that_it_is(bool isStillSending) => AnsweredAsync(Refused, async client =>
    {
        var failure = await client.UnaryAsync(isStillSending ? Large : new EchoRequest()).ResponseAsync.Fails(StatusCode.PermissionDenied);
        Assert.Equal("no", failure.Status.Detail);
    });

    [Fact]
    public Task A_client_stream_keeps_its_answer() => AnsweredAsync(Complete, async client =>
    {
        using var call = client.Upload();
        await SendUntilRefusedAsync(call.RequestStream);
        Assert.Equal("hi", (await call).Text);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
        await call.RequestStream.CompleteAsync();
    });

    [Fact]
    public Task A_server_stream_keeps_its_messages() => AnsweredAsync(Complete, async client =>
    {
        using var call = client.Download(new EchoRequest());
        Assert.True(await call.ResponseStream.MoveNext());
        Assert.False(await call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_duplex_call_keeps_its_messages(bool isRead) => AnsweredAsync(Complete, async client =>
    {
        using var call = client.Chat();
        if (isRead)
        {
            Assert.True(await call.ResponseStream.MoveNext());
        }

        await SendUntilRefusedAsync(call.RequestStream);
        Assert.Equal(!isRead, await call.ResponseStream.MoveNext());
        Assert.False(await call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    });

    [Fact]
    public Task A_call_that_was_answered_before_the_server_went_away_keeps_its_answer() => AnsweredAsync(
        streamId => [.. RawHttp2Server.Reply(streamId, Message), .. RawHttp2Server.Frame(GoAway, 0, 0, [0, 0, 0, (byte)streamId, 0, 0, 0, 0])],
        async client => Assert.Equal("hi", (await client.UnaryAsync(new EchoRequest())).Text));

    private static byte[] Complete(int streamId) => [.. RawHttp2Server.Reply(streamId, Message), .. NoError(streamId)];

    private static byte[] Refused(int streamId) =>
    [
        .. RawHttp2Server.Headers(streamId, isTrailers: false, endsStream: true, ("content-type", "application/grpc"), ("grpc-status", "7"), ("grpc-message", "no")),
        .. NoError(streamId),
    ];

    private static byte[] NoError(int streamId) => RawHttp2Server.Frame(RawHttp2.ResetStream, 0, streamId, [0, 0, 0, 0]);

    // More than every buffer on the way holds; the server never reads on.
    private static async Task SendUntilRefusedAsync(IClientStreamWriter<EchoRequest> requests)
    {
        await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true)
            {
                await requests.WriteAsync(Large).Happens("the end of a write to a call that has ended");
            }
        });
    }

    private static async Task AnsweredAsync(Func<int, byte[]> answer, Func<Echo.EchoClient, Task> call)
    {
        await using var server = new RawHttp2Server(answer);
        using var channel = GrpcChannel.ForAddress(server.Address);
        for (var round = 0; round < Rounds; round++)
        {
            await call(new Echo.EchoClient(channel)).Happens("the end of the call");
        }
    }
}
