using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Interop.Contract;

namespace SyncHub.Interop.Client;

/// <summary>The cases about metadata and about how calls end.</summary>
internal sealed partial class InteropClient
{
    private const string EchoInitial = "x-grpc-test-echo-initial";
    private const string EchoTrailing = "x-grpc-test-echo-trailing-bin";
    private const string SpecialMessage = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

    // Servers sleep this long where a case wants to see its deadline pass.
    private const int LongSleepUs = 10_000_000;

    private Task CustomMetadataAsync() => EchoAsync("test_initial_metadata_value", [0xAB, 0xAB, 0xAB]);

    // Below the 8 KiB that Java servers take in all.
    private Task LargeMetadataAsync() => EchoAsync(new string('m', 3000), [.. Enumerable.Range(0, 2000).Select(index => (byte)index)]);

    private async Task EchoAsync(string initial, byte[] trailing)
    {
        var metadata = new Metadata { { EchoInitial, initial }, { EchoTrailing, trailing } };
        using (var unary = _client.UnaryCallAsync(Large(), metadata))
        {
            CheckLarge(await unary);
            CheckEcho(await unary.ResponseHeadersAsync, unary.GetTrailers());
        }

        using var duplex = _client.FullDuplexCall(metadata);
        await duplex.RequestStream.WriteAsync(Ask(LargeRequestBytes, LargeResponseBytes));
        await duplex.RequestStream.CompleteAsync();
        await ExpectAsync(duplex.ResponseStream, LargeResponseBytes);
        await ExpectEndAsync(duplex.ResponseStream);
        CheckEcho(await duplex.ResponseHeadersAsync, duplex.GetTrailers());

        void CheckEcho(Metadata headers, Metadata trailers)
        {
            CaseFailedException.ThrowUnlessEqual(initial, headers.GetValue(EchoInitial), "initial metadata");
            CaseFailedException.ThrowUnless(trailers.GetValueBytes(EchoTrailing)?.SequenceEqual(trailing) == true, "trailing metadata differs");
        }
    }

    private async Task StatusCodeAndMessageAsync()
    {
        var wanted = new EchoStatus { Code = (int)StatusCode.Unknown, Message = "test status message" };
        Check(await FailsAsync(_client.UnaryCallAsync(new SimpleRequest { ResponseStatus = wanted }).ResponseAsync, StatusCode.Unknown), wanted);
        using var call = _client.FullDuplexCall();
        await call.RequestStream.WriteAsync(new StreamingOutputCallRequest { ResponseStatus = wanted });
        await call.RequestStream.CompleteAsync();
        Check(await FailsAsync(call.ResponseStream.MoveNext(), StatusCode.Unknown), wanted);
    }

    private async Task SpecialStatusMessageAsync()
    {
        var wanted = new EchoStatus { Code = (int)StatusCode.Unknown, Message = SpecialMessage };
        Check(await FailsAsync(_client.UnaryCallAsync(new SimpleRequest { ResponseStatus = wanted }).ResponseAsync, StatusCode.Unknown), wanted);
    }

    private Task<RpcException> UnimplementedMethodAsync() => FailsAsync(_client.UnimplementedCallAsync(new Empty()).ResponseAsync, StatusCode.Unimplemented);

    private Task<RpcException> UnimplementedServiceAsync() =>
        FailsAsync(new UnimplementedService.UnimplementedServiceClient(_channel).UnimplementedCallAsync(new Empty()).ResponseAsync, StatusCode.Unimplemented);

    private async Task CancelAfterBeginAsync()
    {
        using var source = new CancellationTokenSource();
        using var call = _client.StreamingInputCall(cancellationToken: source.Token);
        await source.CancelAsync();
        await FailsAsync(call.ResponseAsync, StatusCode.Cancelled);
    }

    private async Task CancelAfterFirstResponseAsync()
    {
        using var source = new CancellationTokenSource();
        using var call = _client.FullDuplexCall(cancellationToken: source.Token);
        await call.RequestStream.WriteAsync(Ask(27182, 31415));
        await ExpectAsync(call.ResponseStream, 31415);
        await source.CancelAsync();
        await FailsAsync(call.ResponseStream.MoveNext(), StatusCode.Cancelled);
    }

    private async Task TimeoutOnSleepingServerAsync()
    {
        using var call = _client.FullDuplexCall(deadline: DateTime.UtcNow.AddMilliseconds(1));
        try
        {
            await call.RequestStream.WriteAsync(Ask(27182));
        }
        catch (RpcException early) when (early.StatusCode == StatusCode.DeadlineExceeded)
        {
            return;
        }

        await FailsAsync(call.ResponseStream.MoveNext(), StatusCode.DeadlineExceeded);
    }

    // No method of the contract is unary and sleeps; on the wire, a unary call to the duplex method is one.
    private async Task UnaryDeadlineAsync()
    {
        var duplex = TestService.Descriptor.FindMethodByName("FullDuplexCall");
        var method = new Method<StreamingOutputCallRequest, StreamingOutputCallResponse>(
            MethodType.Unary, duplex.Service.FullName, duplex.Name, Marshaller(StreamingOutputCallRequest.Parser), Marshaller(StreamingOutputCallResponse.Parser));
        var request = new StreamingOutputCallRequest();
        request.ResponseParameters.Add(new ResponseParameters { Size = 1, IntervalUs = LongSleepUs });
        using var call = _channel.CreateCallInvoker().AsyncUnaryCall(method, null, new CallOptions(deadline: DateTime.UtcNow.AddMilliseconds(300)), request);
        await FailsAsync(call.ResponseAsync, StatusCode.DeadlineExceeded);
    }

    // With pauses, so that a server which ages its connections does so between the calls too.
    private async Task SoakAsync()
    {
        for (var i = 0; i < 100; i++)
        {
            CheckLarge(await _client.UnaryCallAsync(Large()));
            await Task.Delay(i % 10);
        }
    }

    private async Task GoAwayAsync()
    {
        CheckLarge(await _client.UnaryCallAsync(Large()));
        await Task.Delay(TimeSpan.FromSeconds(1));
        CheckLarge(await _client.UnaryCallAsync(Large()));
    }

    private async Task ResetWithoutResponseAsync()
    {
        try
        {
            await _client.UnaryCallAsync(Large());
        }
        catch (RpcException failure)
        {
            // Which code a reset with NO_ERROR becomes differs between official peers; that the reset is seen is the case.
            CaseFailedException.ThrowUnless(failure.Status.Detail.Contains("HTTP/2 error", StringComparison.Ordinal), $"a reset, but it failed with {failure.Status}");
            return;
        }

        throw new CaseFailedException("a call whose stream was reset must fail");
    }

    private async Task MaxStreamsAsync()
    {
        // On one connection: the server tells its limit a moment after a connection is open, and a second one would be made just for these calls.
        var handler = GrpcHttpHandler.Create();
        handler.EnableMultipleHttp2Connections = false;
        using var channel = GrpcChannel.ForAddress("http://" + _channel.Target, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
        var client = new TestService.TestServiceClient(channel);
        CheckLarge(await client.UnaryCallAsync(Large()));
        var responses = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => client.UnaryCallAsync(Large()).ResponseAsync));
        foreach (var response in responses)
        {
            CheckLarge(response);
        }
    }

    private static void Check(RpcException failure, EchoStatus wanted) =>
        CaseFailedException.ThrowUnlessEqual(wanted.Message, failure.Status.Detail, "status message");

    private static Marshaller<T> Marshaller<T>(Google.Protobuf.MessageParser<T> parser)
        where T : Google.Protobuf.IMessage<T> =>
        Marshallers.Create(message => Google.Protobuf.MessageExtensions.ToByteArray(message), parser.ParseFrom);
}
