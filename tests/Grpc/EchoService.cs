using Google.Protobuf;
using Grpc.Core;
using Grpc.Standard;

namespace SyncHub.Grpc.Tests;

/// <summary>The service of these tests. A request's text chooses what happens; anything else is echoed.</summary>
public sealed class EchoService(ServerEvents events) : Echo.EchoBase
{
    public override async Task<EchoReply> Unary(EchoRequest request, ServerCallContext context)
    {
        events.LastRequestHeaders = context.RequestHeaders;
        switch (request.Text)
        {
            case "throw":
                throw new InvalidOperationException("the secret of the handler");
            case "reject":
                throw new RpcException(new Status(StatusCode.FailedPrecondition, "50 % of ünïcode\n"), new Metadata { { "reason", "told so" }, { "blob-bin", [0, 255, 1] } });
            case "typed":
                throw RpcFault.Of(StatusCode.ResourceExhausted, "TOO_MANY", "Try again in a minute.", TimeSpan.FromMinutes(1));
            case "wait":
                events.Started.TrySetResult();
                await Task.Delay(Timeout.Infinite, context.CancellationToken).ContinueWith(_ => events.Cancelled.TrySetResult(), TaskScheduler.Default);
                context.CancellationToken.ThrowIfCancellationRequested();
                break;
            case "status":
                context.Status = new Status(StatusCode.DataLoss, "by status");
                break;
            case "metadata":
                await EchoMetadataAsync(context);
                break;
            case "null":
                return null!;
            case "context":
                return new EchoReply { Text = $"{context.Method} {context.Host} {context.Peer} {string.Join(' ', context.AuthContext.PeerIdentity.Select(identity => identity.Value))}" };
            case "deadline":
                return new EchoReply { Count = context.Deadline == DateTime.MaxValue ? -1 : context.Deadline.Ticks };
            default:
                break;
        }

        return new EchoReply { Text = request.Text, Payload = request.Payload, Count = request.Count };
    }

    public override async Task Download(EchoRequest request, IServerStreamWriter<EchoReply> responseStream, ServerCallContext context)
    {
        for (var i = 0; i < request.Count; i++)
        {
            await responseStream.WriteAsync(new EchoReply { Payload = request.Payload, Count = i });
            events.CountWritten();
        }

        switch (request.Text)
        {
            case "throw":
                throw new InvalidOperationException("the secret of the handler");
            case "reject":
                throw new RpcException(new Status(StatusCode.Aborted, "after the messages"));
            case "wait":
                events.Started.TrySetResult();
                await Task.Delay(Timeout.Infinite, context.CancellationToken).ContinueWith(_ => events.Cancelled.TrySetResult(), TaskScheduler.Default);
                break;
            default:
                break;
        }
    }

    public override async Task<EchoReply> Upload(IAsyncStreamReader<EchoRequest> requestStream, ServerCallContext context)
    {
        var reply = new EchoReply();
        var bytes = 0L;
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            if (request.Text == "hold")
            {
                await events.Release.Task.WaitAsync(context.CancellationToken);
            }

            if (request.Text == "enough")
            {
                break;
            }

            bytes += request.Payload.Length;
            reply.Count++;
        }

        reply.Text = bytes.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return reply;
    }

    public override async Task Chat(IAsyncStreamReader<EchoRequest> requestStream, IServerStreamWriter<EchoReply> responseStream, ServerCallContext context)
    {
        events.CountChat(1);
        try
        {
            await foreach (var request in requestStream.ReadAllAsync())
            {
                if (request.Text == "enough")
                {
                    return;
                }

                await responseStream.WriteAsync(new EchoReply { Text = request.Text, Payload = request.Payload, Count = request.Count });
            }
        }
        finally
        {
            events.CountChat(-1);
        }
    }

    private static async Task EchoMetadataAsync(ServerCallContext context)
    {
        var headers = new Metadata();
        foreach (var entry in context.RequestHeaders.Where(entry => entry.Key.StartsWith("x-", StringComparison.Ordinal)))
        {
            headers.Add(entry);
            context.ResponseTrailers.Add(entry);
        }

        await context.WriteResponseHeadersAsync(headers);
    }
}
