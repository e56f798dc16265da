using Google.Protobuf;
using Grpc.Core;
using SyncHub.Interop.Contract;

namespace SyncHub.Interop.Service;

/// <summary>The server side of the interoperability cases, as their public description wants it.</summary>
internal sealed class TestService : Contract.TestService.TestServiceBase
{
    public const string EchoInitial = "x-grpc-test-echo-initial";
    public const string EchoTrailing = "x-grpc-test-echo-trailing-bin";
    private const string EncodingRequest = "grpc-internal-encoding-request";

    public override async Task<Empty> EmptyCall(Empty request, ServerCallContext context)
    {
        await EchoMetadataAsync(context, compresses: false);
        return new Empty();
    }

    public override async Task<SimpleResponse> UnaryCall(SimpleRequest request, ServerCallContext context)
    {
        CheckCompression(context, 0, request.ExpectCompressed);
        await EchoMetadataAsync(context, request.ResponseCompressed is not null);
        Check(request.ResponseStatus);
        context.WriteOptions = new WriteOptions(request.ResponseCompressed?.Value == true ? WriteFlags.None : WriteFlags.NoCompress);
        return new SimpleResponse { Payload = Zeros(request.ResponseSize) };
    }

    public override Task<SimpleResponse> CacheableUnaryCall(SimpleRequest request, ServerCallContext context) => UnaryCall(request, context);

    public override async Task StreamingOutputCall(StreamingOutputCallRequest request, IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context)
    {
        await EchoMetadataAsync(context, request.ResponseParameters.Any(parameters => parameters.Compressed is not null));
        await AnswerAsync(request, responseStream, context);
    }

    public override async Task<StreamingInputCallResponse> StreamingInputCall(IAsyncStreamReader<StreamingInputCallRequest> requestStream, ServerCallContext context)
    {
        await EchoMetadataAsync(context, compresses: false);
        var total = 0;
        var index = 0;
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            CheckCompression(context, index++, request.ExpectCompressed);
            total += request.Payload?.Body.Length ?? 0;
        }

        return new StreamingInputCallResponse { AggregatedPayloadSize = total };
    }

    public override async Task FullDuplexCall(IAsyncStreamReader<StreamingOutputCallRequest> requestStream, IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context)
    {
        await EchoMetadataAsync(context, compresses: false);
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            await AnswerAsync(request, responseStream, context);
        }
    }

    public override async Task HalfDuplexCall(IAsyncStreamReader<StreamingOutputCallRequest> requestStream, IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context)
    {
        await EchoMetadataAsync(context, compresses: false);
        List<StreamingOutputCallRequest> requests = [];
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            requests.Add(request);
        }

        foreach (var request in requests)
        {
            await AnswerAsync(request, responseStream, context);
        }
    }

    private static async Task AnswerAsync(StreamingOutputCallRequest request, IServerStreamWriter<StreamingOutputCallResponse> responses, ServerCallContext context)
    {
        Check(request.ResponseStatus);
        foreach (var wanted in request.ResponseParameters)
        {
            if (wanted.IntervalUs > 0)
            {
                await Task.Delay(TimeSpan.FromMicroseconds(wanted.IntervalUs), context.CancellationToken);
            }

            responses.WriteOptions = new WriteOptions(wanted.Compressed?.Value == true ? WriteFlags.None : WriteFlags.NoCompress);
            await responses.WriteAsync(new StreamingOutputCallResponse { Payload = Zeros(wanted.Size) });
        }
    }

    // Encoding is a property of the call; which messages use it is told by their write options.
    private static async Task EchoMetadataAsync(ServerCallContext context, bool compresses)
    {
        var headers = new Metadata();
        if (compresses)
        {
            headers.Add(EncodingRequest, "gzip");
        }

        if (context.RequestHeaders.Get(EchoInitial) is { } initial)
        {
            headers.Add(initial);
        }

        if (context.RequestHeaders.Get(EchoTrailing) is { } trailing)
        {
            context.ResponseTrailers.Add(trailing);
        }

        if (headers.Count > 0)
        {
            await context.WriteResponseHeadersAsync(headers);
        }
    }

    private static void CheckCompression(ServerCallContext context, int index, BoolValue? expected)
    {
        var flags = (FrameFlags)context.GetHttpContext().Request.Body;
        if (expected is not null && flags.IsCompressed[index] != expected.Value)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"Message {index} should{(expected.Value ? "" : " not")} be compressed."));
        }
    }

    private static void Check(EchoStatus? wanted)
    {
        if (wanted is { Code: not 0 })
        {
            throw new RpcException(new Status((StatusCode)wanted.Code, wanted.Message));
        }
    }

    private static Payload Zeros(int bytes) => new() { Body = UnsafeByteOperations.UnsafeWrap(new byte[bytes]) };
}
