using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using SyncHub.Interop.Contract;

namespace SyncHub.Interop.Client;

/// <summary>Runs one case by name against a server on loopback.</summary>
internal sealed partial class InteropClient : IDisposable
{
    private const string EncodingRequest = "grpc-internal-encoding-request";
    private const int LargeRequestBytes = 271828;
    private const int LargeResponseBytes = 314159;

    // Longer than any case needs on a busy machine; a case that hangs must say so before the matrix gives it up.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly FlagHandler _flags = new(GrpcHttpHandler.Create());
    private readonly GrpcChannel _channel;
    private readonly TestService.TestServiceClient _client;
    private readonly Dictionary<string, Func<Task>> _cases;

    public InteropClient(string host, int port)
    {
        _channel = GrpcChannel.ForAddress(string.Create(CultureInfo.InvariantCulture, $"http://{host}:{port}"), new GrpcChannelOptions { HttpHandler = _flags, DisposeHttpClient = true });
        _client = new TestService.TestServiceClient(_channel);
        _cases = new(StringComparer.Ordinal)
        {
            ["empty_unary"] = EmptyUnaryAsync,
            ["large_unary"] = LargeUnaryAsync,
            ["client_streaming"] = ClientStreamingAsync,
            ["server_streaming"] = ServerStreamingAsync,
            ["ping_pong"] = PingPongAsync,
            ["empty_stream"] = EmptyStreamAsync,
            ["client_compressed_unary"] = ClientCompressedUnaryAsync,
            ["client_compressed_streaming"] = ClientCompressedStreamingAsync,
            ["server_compressed_unary"] = ServerCompressedUnaryAsync,
            ["server_compressed_streaming"] = ServerCompressedStreamingAsync,
            ["custom_metadata"] = CustomMetadataAsync,
            ["large_metadata"] = LargeMetadataAsync,
            ["status_code_and_message"] = StatusCodeAndMessageAsync,
            ["special_status_message"] = SpecialStatusMessageAsync,
            ["unimplemented_method"] = UnimplementedMethodAsync,
            ["unimplemented_service"] = UnimplementedServiceAsync,
            ["cancel_after_begin"] = CancelAfterBeginAsync,
            ["cancel_after_first_response"] = CancelAfterFirstResponseAsync,
            ["timeout_on_sleeping_server"] = TimeoutOnSleepingServerAsync,
            ["unary_deadline"] = UnaryDeadlineAsync,
            ["half_close"] = HalfCloseAsync,
            ["half_duplex"] = HalfDuplexAsync,
            ["slow_consumer"] = SlowConsumerAsync,
            ["rpc_soak"] = SoakAsync,
            ["goaway"] = GoAwayAsync,
            ["rst_after_header"] = ResetWithoutResponseAsync,
            ["rst_during_data"] = ResetWithoutResponseAsync,
            ["rst_after_data"] = ResetWithoutResponseAsync,
            ["ping"] = LargeUnaryAsync,
            ["data_frame_padding"] = LargeUnaryAsync,
            ["no_df_padding_sanity_test"] = LargeUnaryAsync,
            ["max_streams"] = MaxStreamsAsync,
        };
    }

    /// <summary>Runs a case; ends normally if it passed.</summary>
    /// <exception cref="CaseFailedException">It failed, or there is no such case.</exception>
    public async Task RunAsync(string name)
    {
        if (!_cases.TryGetValue(name, out var run))
        {
            throw new CaseFailedException($"There is no case '{name}'; the cases are {string.Join(", ", _cases.Keys)}.");
        }

        try
        {
            await run().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            throw new CaseFailedException($"The case did not end within {Patience}.");
        }
    }

    public void Dispose() => _channel.Dispose();

    private static Payload Zeros(int bytes) => new() { Body = UnsafeByteOperations.UnsafeWrap(new byte[bytes]) };

    private static SimpleRequest Large() => new() { ResponseSize = LargeResponseBytes, Payload = Zeros(LargeRequestBytes) };

    private static StreamingOutputCallRequest Ask(int requestBytes, params int[] responseBytes)
    {
        var request = new StreamingOutputCallRequest { Payload = Zeros(requestBytes) };
        request.ResponseParameters.Add(responseBytes.Select(size => new ResponseParameters { Size = size }));
        return request;
    }

    private static async Task<RpcException> FailsAsync(Task call, StatusCode expected)
    {
        try
        {
            await call;
        }
        catch (RpcException failure)
        {
            CaseFailedException.ThrowUnlessEqual(expected, failure.StatusCode, $"status ({failure.Status.Detail})");
            return failure;
        }

        throw new CaseFailedException($"expected the status {expected}, but the call succeeded");
    }

    private static void CheckLarge(SimpleResponse response) => CheckZeros(LargeResponseBytes, response.Payload);

    private static void CheckZeros(int expected, Payload payload)
    {
        CaseFailedException.ThrowUnlessEqual(expected, payload.Body.Length, "payload bytes");
        CaseFailedException.ThrowUnless(!payload.Body.Span.ContainsAnyExcept((byte)0), "the payload must be zeros");
    }

    private static async Task ExpectAsync(IAsyncStreamReader<StreamingOutputCallResponse> responses, params int[] sizes)
    {
        foreach (var size in sizes)
        {
            CaseFailedException.ThrowUnless(await responses.MoveNext(), $"a response of {size} bytes is missing");
            CheckZeros(size, responses.Current.Payload);
        }
    }

    private static async Task ExpectEndAsync(IAsyncStreamReader<StreamingOutputCallResponse> responses) =>
        CaseFailedException.ThrowUnless(!await responses.MoveNext(), "there was one response too many");
}
