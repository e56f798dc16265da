using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>A server that resets a stream with REFUSED_STREAM has not looked at the call (RFC 9113, 8.7): that is UNAVAILABLE, however much of the request was on its way.</summary>
public sealed class RefusedStreamTests
{
    private const int Rounds = 50; // the reset may overtake whatever the client still does to begin its request
    private const byte RefusedStream = 7;
    private static readonly EchoRequest Large = new() { Payload = ByteString.CopyFrom(new byte[500_000]) };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_unary_call_is_unavailable(bool isStillSending) =>
        RefusedAsync(client => client.UnaryAsync(isStillSending ? Large : new EchoRequest()).ResponseAsync.Fails(StatusCode.Unavailable));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_stream_is_unavailable_to_whoever_reads(bool isStillSending) => RefusedAsync(async client =>
    {
        using var call = client.Chat();
        var writing = isStillSending ? call.RequestStream.WriteAsync(Large) : Task.CompletedTask;
        await call.ResponseStream.MoveNext().Fails(StatusCode.Unavailable);
        await Record.ExceptionAsync(() => writing.Happens("the end of the write"));
    });

    [Fact]
    public Task A_stream_is_unavailable_to_whoever_writes() => RefusedAsync(async client =>
    {
        using var call = client.Chat();
        await SendUntilRefusedAsync(call.RequestStream).Fails(StatusCode.Unavailable);
    });

    // A transport that is told of the reset cancels the body before it tells its caller why; here it does while the body is being begun.
    [Fact]
    public async Task A_reset_that_comes_while_the_request_is_begun_is_not_taken_for_a_cancellation()
    {
        using var channel = GrpcChannel.ForAddress("http://localhost:1", new GrpcChannelOptions { HttpHandler = new ResettingHandler(), DisposeHttpClient = true });
        using var call = new Echo.EchoClient(channel).Chat();
        await call.ResponseStream.MoveNext().Fails(StatusCode.Unavailable);
        await call.RequestStream.WriteAsync(new EchoRequest()).Fails(StatusCode.Unavailable);
    }

    private static byte[] Reset(int streamId) => RawHttp2Server.Frame(RawHttp2.ResetStream, 0, streamId, [0, 0, 0, RefusedStream]);

    // A write ends when there is room for the next one, which is before it is on its way.
    private static async Task SendUntilRefusedAsync(IClientStreamWriter<EchoRequest> requests)
    {
        while (true)
        {
            await requests.WriteAsync(Large);
        }
    }

    private static async Task RefusedAsync(Func<Echo.EchoClient, Task> call)
    {
        await using var server = new RawHttp2Server(Reset);
        for (var round = 0; round < Rounds; round++)
        {
            using var channel = GrpcChannel.ForAddress(server.Address);
            var client = new Echo.EchoClient(channel);
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => call(client)))).Happens("the end of the calls");
        }
    }

    /// <summary>A transport whose peer resets each stream while the body's first flush is under way.</summary>
    private sealed class ResettingHandler : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using var body = new CancellationTokenSource();
            var flushing = new TaskCompletionSource();
            var sending = request.Content!.CopyToAsync(new FlushingStream(flushing), null, body.Token);
            await flushing.Task;
            await body.CancelAsync();
            if (await Task.WhenAny(sending, Task.Delay(100, cancellationToken)) == sending)
            {
                await sending; // what the body says comes first, as in SocketsHttpHandler
            }

            throw new HttpRequestException(HttpRequestError.HttpProtocolError, "reset", new HttpProtocolException(RefusedStream, "reset", null));
        }
    }

    /// <summary>A stream whose flush ends only by its token.</summary>
    private sealed class FlushingStream(TaskCompletionSource flushing) : MemoryStream
    {
        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            flushing.SetResult();
            return Task.Delay(Timeout.Infinite, cancellationToken);
        }
    }
}
