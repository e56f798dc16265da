using Google.Protobuf;
using Grpc.Core;
using SyncHub.GrpcBench.Contract;

namespace SyncHub.GrpcBench.Serve;

/// <summary>What is timed: it does as little as a service can.</summary>
internal sealed class BenchService : Contract.Bench.BenchBase
{
    public override Task<Message> Unary(Message request, ServerCallContext context) => Task.FromResult(new Message { Body = request.Body });

    public override async Task<Count> Upload(IAsyncStreamReader<Message> requestStream, ServerCallContext context)
    {
        var messages = 0L;
        while (await requestStream.MoveNext(CancellationToken.None))
        {
            messages++;
        }

        return new Count { Messages = messages };
    }

    public override async Task Download(Count request, IServerStreamWriter<Message> responseStream, ServerCallContext context)
    {
        var message = new Message { Body = ByteString.CopyFrom(new byte[Payload.BodyBytes]) };
        for (var left = request.Messages; left > 0; left--)
        {
            await responseStream.WriteAsync(message);
        }
    }

    public override async Task Echo(IAsyncStreamReader<Message> requestStream, IServerStreamWriter<Message> responseStream, ServerCallContext context)
    {
        while (await requestStream.MoveNext(CancellationToken.None))
        {
            await responseStream.WriteAsync(requestStream.Current);
        }
    }
}
