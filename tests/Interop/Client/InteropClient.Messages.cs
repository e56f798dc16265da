using Grpc.Core;
using SyncHub.Interop.Contract;

namespace SyncHub.Interop.Client;

/// <summary>The cases about messages: shapes, sizes, compression, half close and slow readers.</summary>
internal sealed partial class InteropClient
{
    private static readonly int[] RequestSizes = [27182, 8, 1828, 45904];
    private static readonly int[] ResponseSizes = [31415, 9, 2653, 58979];

    private static Metadata Gzip => new() { { EncodingRequest, "gzip" } };

    private async Task EmptyUnaryAsync() =>
        CaseFailedException.ThrowUnlessEqual(new Empty(), await _client.EmptyCallAsync(new Empty()), "the response");

    private async Task LargeUnaryAsync() => CheckLarge(await _client.UnaryCallAsync(Large()));

    private async Task ClientStreamingAsync()
    {
        using var call = _client.StreamingInputCall();
        foreach (var size in RequestSizes)
        {
            await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(size) });
        }

        await call.RequestStream.CompleteAsync();
        CaseFailedException.ThrowUnlessEqual(RequestSizes.Sum(), (await call).AggregatedPayloadSize, "aggregated bytes");
    }

    private async Task ServerStreamingAsync()
    {
        using var call = _client.StreamingOutputCall(Ask(0, ResponseSizes));
        await ExpectAsync(call.ResponseStream, ResponseSizes);
        await ExpectEndAsync(call.ResponseStream);
    }

    private async Task PingPongAsync()
    {
        using var call = _client.FullDuplexCall();
        foreach (var (request, response) in RequestSizes.Zip(ResponseSizes))
        {
            await call.RequestStream.WriteAsync(Ask(request, response));
            await ExpectAsync(call.ResponseStream, response);
        }

        await call.RequestStream.CompleteAsync();
        await ExpectEndAsync(call.ResponseStream);
    }

    private async Task EmptyStreamAsync()
    {
        using var call = _client.FullDuplexCall();
        await call.RequestStream.CompleteAsync();
        await ExpectEndAsync(call.ResponseStream);
    }

    // All requests and the half close leave before the first response is read.
    private async Task HalfCloseAsync()
    {
        using var call = _client.FullDuplexCall();
        await SendAllAsync(call.RequestStream);
        await ExpectAsync(call.ResponseStream, ResponseSizes);
        await ExpectEndAsync(call.ResponseStream);
    }

    private async Task HalfDuplexAsync()
    {
        using var call = _client.HalfDuplexCall();
        await SendAllAsync(call.RequestStream);
        await ExpectAsync(call.ResponseStream, ResponseSizes);
        await ExpectEndAsync(call.ResponseStream);
    }

    private async Task SlowConsumerAsync()
    {
        // 64 MiB in all: far beyond every window and buffer on the way, so the server must have waited for this reader.
        var sizes = Enumerable.Repeat(64 * 1024, 1000).ToArray();
        using var call = _client.StreamingOutputCall(Ask(0, sizes));
        foreach (var chunk in sizes.Chunk(100))
        {
            await Task.Delay(50);
            await ExpectAsync(call.ResponseStream, chunk);
        }

        await ExpectEndAsync(call.ResponseStream);
    }

    private async Task ClientCompressedUnaryAsync()
    {
        var compressed = Large();
        compressed.ExpectCompressed = new BoolValue { Value = true };
        var plain = Large();
        plain.ExpectCompressed = new BoolValue { Value = false };
        await FailsAsync(_client.UnaryCallAsync(compressed).ResponseAsync, StatusCode.InvalidArgument);
        CheckLarge(await _client.UnaryCallAsync(compressed, Gzip));
        CheckLarge(await _client.UnaryCallAsync(plain));
    }

    private async Task ClientCompressedStreamingAsync()
    {
        var compressed = new StreamingInputCallRequest { ExpectCompressed = new BoolValue { Value = true }, Payload = Zeros(27182) };
        var plain = new StreamingInputCallRequest { ExpectCompressed = new BoolValue { Value = false }, Payload = Zeros(45904) };
        using (var probe = _client.StreamingInputCall())
        {
            await probe.RequestStream.WriteAsync(compressed);
            await probe.RequestStream.CompleteAsync();
            await FailsAsync(probe.ResponseAsync, StatusCode.InvalidArgument);
        }

        using var call = _client.StreamingInputCall(Gzip);
        await call.RequestStream.WriteAsync(compressed);
        call.RequestStream.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
        await call.RequestStream.WriteAsync(plain);
        await call.RequestStream.CompleteAsync();
        CaseFailedException.ThrowUnlessEqual(73086, (await call).AggregatedPayloadSize, "aggregated bytes");
    }

    private async Task ServerCompressedUnaryAsync()
    {
        foreach (var isCompressed in new[] { true, false })
        {
            var request = Large();
            request.ResponseCompressed = new BoolValue { Value = isCompressed };
            CheckLarge(await _client.UnaryCallAsync(request));
            CaseFailedException.ThrowUnlessEqual(isCompressed, _flags.Last!.IsCompressed[0], "the response's compressed flag");
        }
    }

    private async Task ServerCompressedStreamingAsync()
    {
        var request = new StreamingOutputCallRequest();
        request.ResponseParameters.Add(new ResponseParameters { Compressed = new BoolValue { Value = true }, Size = 31415 });
        request.ResponseParameters.Add(new ResponseParameters { Compressed = new BoolValue { Value = false }, Size = 92653 });
        using var call = _client.StreamingOutputCall(request);
        await ExpectAsync(call.ResponseStream, 31415, 92653);
        await ExpectEndAsync(call.ResponseStream);
        CaseFailedException.ThrowUnless(_flags.Last!.IsCompressed is [true, false], "the first message must be compressed and the second not");
    }

    private static async Task SendAllAsync(IClientStreamWriter<StreamingOutputCallRequest> requests)
    {
        foreach (var (request, response) in RequestSizes.Zip(ResponseSizes))
        {
            await requests.WriteAsync(Ask(request, response));
        }

        await requests.CompleteAsync();
    }
}
