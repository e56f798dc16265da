using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>A client call with one request and one response: one task from the request to the status.</summary>
/// <remarks>What such a call needs only while it is under way is taken from a pool (<see cref="UnaryExchange{TResponse}"/>), and goes back
/// when the call ended with its answer; after any other end the transport may still hold it, and it is left to the collector.</remarks>
internal sealed class UnaryCall<TRequest, TResponse>(
    GrpcChannel channel, ChannelMethod<TRequest, TResponse> calls, UnaryExchange<TResponse> exchange, string? host, CallOptions options)
    : ClientCall(channel, options, exchange.Source)
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
        var request = exchange.Request;
        try
        {
            request.Encode(message, calls.Method.RequestMarshaller, _encoding, ((Options.WriteOptions?.Flags ?? WriteFlags.None) & WriteFlags.NoCompress) == WriteFlags.None);
            if (Arm())
            {
                await AddHeadersAsync(request.Message, calls.Method, host, _encoding);
                var response = await Channel.SendAsync(request.Message, Ended);
                if (HasBody(response))
                {
                    // Asking for the stream of the runtime's own response neither waits nor makes a task.
                    var body = Channel.IsPlainTransport ? response.Content.ReadAsStream(Ended) : await response.Content.ReadAsStreamAsync(Ended);
                    answer = await exchange.Reader.ReadOnlyAsync(body, ClientResponse.Encoding(response), Ended);
                    isFree = TryDecide(ClientResponse.StatusOfOneWithBody(response, answer is not null), response);
                }
                else
                {
                    isFree = TryDecide(ClientResponse.StatusOfOne(response, hasMessage: false), response);
                }
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
            GiveBack();
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

    // Takes the response, and says whether more than a status comes with it.
    private bool HasBody(HttpResponseMessage response)
    {
        Interlocked.Exchange(ref _response, response);
        if (HasEnded)
        {
            // The end came before there was a response to let go of.
            response.Dispose();
            throw AsException();
        }

        var hasBody = !ClientResponse.IsTrailersOnly(response);
        if (hasBody)
        {
            ClientResponse.Check(response);
        }

        _hasHeaders = true;
        Interlocked.MemoryBarrier();
        TellHeaders();
        return hasBody;
    }

    // Credentials may have kept the token and changed any header, and a handler of the application's may keep whatever it was given.
    private void GiveBack()
    {
        if (!Channel.IsPlainTransport || Channel.CallCredentials is not null || Options.Credentials is not null)
        {
            exchange.Reader.Release();
            return;
        }

        if (Options.Headers is { } added)
        {
            exchange.Request.Remove(added);
        }

        if (HasDeadline)
        {
            exchange.Request.RemoveTimeout();
        }

        calls.Exchanges.Return(exchange);
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
