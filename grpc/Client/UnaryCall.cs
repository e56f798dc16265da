using System.Runtime.CompilerServices;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>A client call with one request and one response: one task from the request to the status.</summary>
/// <remarks>What such a call needs only while it is under way (request, reader, source of its end) is taken from pools, and goes back
/// when the call ended with its answer; after any other end the transport may still hold it, and it is left to the collector.</remarks>
internal sealed class UnaryCall<TRequest, TResponse>(GrpcChannel channel, Method<TRequest, TResponse> method, string? host, CallOptions options)
    : ClientCall(channel, options, channel.RentSource())
    where TRequest : class
    where TResponse : class
{
    private readonly string _encoding = EncodingOf(options.Headers);
    private HttpResponseMessage? _response;
    private TaskCompletionSource<Metadata>? _headers;
    private Task<TResponse>? _running;
    private volatile bool _hasHeaders;
    private volatile bool _hasFailed;

    /// <inheritdoc/>
    /// <remarks>Made when somebody asks, which few do.</remarks>
    public override Task<Metadata> ResponseHeadersAsync
    {
        get
        {
            var asked = Volatile.Read(ref _headers) ?? Ask();
            TellHeaders();
            return asked.Task;
        }
    }

    /// <summary>Makes the call.</summary>
    public Task<TResponse> Start(TRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var running = RunAsync(request);
        Volatile.Write(ref _running, running);
        Interlocked.MemoryBarrier();
        MarkSeen();
        return running;
    }

    /// <inheritdoc/>
    /// <remarks>Its only message is sent as a whole.</remarks>
    public override Task<RpcException> EndOfSendAsync(Exception failure) => Task.FromResult(Fail(failure));

    protected override void LetGo() => Volatile.Read(ref _response)?.Dispose();

    private async Task<TResponse> RunAsync(TRequest message)
    {
        TResponse? answer = null;
        var isFree = false;
        var calls = Channel.Of(method);
        var request = calls.Requests.Get();
        try
        {
            request.Encode(message, method.RequestMarshaller, _encoding, ((Options.WriteOptions?.Flags ?? WriteFlags.None) & WriteFlags.NoCompress) == WriteFlags.None);
            if (Arm())
            {
                await AddHeadersAsync(request.Message, method, host, _encoding);
                answer = await ExchangeAsync(calls, request);
                isFree = TryDecide(ClientResponse.StatusOfOne(_response!, answer is not null), _response);
            }
        }
        catch (Exception exception)
        {
            Fail(exception);
        }

        request.DisposeLarge();
        if (isFree)
        {
            Disarm();
            LetGo();
            GiveBack(calls, request);
        }

        TellHeaders();
        if (GetStatus().StatusCode == StatusCode.OK)
        {
            return answer!;
        }

        _hasFailed = true;
        Interlocked.MemoryBarrier();
        MarkSeen();
        throw AsException();
    }

    // Null where the server sent no message.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<TResponse?> ExchangeAsync(ChannelMethod<TRequest, TResponse> calls, UnaryRequest request)
    {
        var response = await Channel.SendAsync(request.Message, Ended);
        Interlocked.Exchange(ref _response, response);
        if (HasEnded)
        {
            // The end came before there was a response to let go of.
            response.Dispose();
            throw AsException();
        }

        var isTrailersOnly = ClientResponse.IsTrailersOnly(response);
        if (!isTrailersOnly)
        {
            ClientResponse.Check(response);
        }

        _hasHeaders = true;
        Interlocked.MemoryBarrier();
        TellHeaders();
        if (isTrailersOnly)
        {
            return null;
        }

        // Asking for the stream of the runtime's own response neither waits nor makes a task.
        var body = Channel.IsPlainTransport ? response.Content.ReadAsStream(Ended) : await response.Content.ReadAsStreamAsync(Ended);
        var reader = calls.Readers.Get();
        var answer = await reader.ReadOnlyAsync(body, ClientResponse.Encoding(response), Ended);
        calls.Readers.Return(reader);
        return answer;
    }

    // Credentials may have kept the token and changed any header, and a handler of the application's may keep whatever it was given.
    private void GiveBack(ChannelMethod<TRequest, TResponse> calls, UnaryRequest request)
    {
        if (!Channel.IsPlainTransport || Channel.CallCredentials is not null || Options.Credentials is not null)
        {
            return;
        }

        Channel.Return(Source);
        if (Options.Headers is { } added)
        {
            request.Remove(added);
        }

        calls.Requests.Return(request);
    }

    private TaskCompletionSource<Metadata> Ask()
    {
        var asked = new TaskCompletionSource<Metadata>(TaskCreationOptions.RunContinuationsAsynchronously);
        return Interlocked.CompareExchange(ref _headers, asked, null) ?? asked;
    }

    // Called by whoever asks and by whoever learns: the second of them finds what the first one left.
    private void TellHeaders()
    {
        if (Volatile.Read(ref _headers) is not { } asked)
        {
            return;
        }

        if (_hasHeaders)
        {
            asked.TrySetResult(ClientResponse.IsTrailersOnly(_response!) ? [] : ClientResponse.Headers(_response!));
        }
        else if (HasEnded && asked.TrySetException(AsException()))
        {
            _ = asked.Task.Exception;
        }
    }

    // A caller may care for one of the call's tasks only; the other must not be reported as unobserved. Called before the failure and after the start, as above.
    private void MarkSeen()
    {
        if (_hasFailed)
        {
            _ = Volatile.Read(ref _running)?.ContinueWith(
                static faulted => _ = faulted.Exception,
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }
}
