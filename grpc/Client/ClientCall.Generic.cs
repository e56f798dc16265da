using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Net;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>A client call with a stream of messages in at least one direction; <see cref="UnaryCall{TRequest, TResponse}"/> has none.</summary>
internal sealed class ClientCall<TRequest, TResponse>(GrpcChannel channel, Method<TRequest, TResponse> method, string? host, CallOptions options)
    : ClientCall(channel, options, new CancellationTokenSource())
    where TRequest : class
    where TResponse : class
{
    // One data frame of the default size.
    private static readonly StreamPipeReaderOptions ReaderOptions = new(bufferSize: 16 * 1024, minimumReadSize: 4 * 1024, leaveOpen: true);

    private static readonly Task<MessageReader<TResponse>?> Unopened = Task.FromResult<MessageReader<TResponse>?>(null);

    private readonly string _requestEncoding = EncodingOf(options.Headers);

    // Never fails: null where the call has ended instead of having a response, and then its end says why.
    private Task<MessageReader<TResponse>?> _opening = Unopened;
    private Task<Metadata>? _headers;
    private HttpResponseMessage? _response;
    private StreamingContent? _streaming;
    private GatheringWriter? _writer;

    public override Task<Metadata> ResponseHeadersAsync => _headers ??= Observed(ReadHeadersAsync());

    public TResponse? CurrentResponse { get; private set; }

    /// <summary>Starts a call with one request.</summary>
    public void Start(TRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var buffer = new PooledBuffer();
        try
        {
            var flags = Options.WriteOptions?.Flags ?? WriteFlags.None;
            NewEncoder().Encode(buffer, request, method.RequestMarshaller.ContextualSerializer, (flags & WriteFlags.NoCompress) == WriteFlags.None);
        }
        catch (Exception exception)
        {
            buffer.Release();
            Fail(exception);
            return;
        }

        _opening = OpenAsync(new SingleMessageContent(buffer));
    }

    /// <summary>Starts a call with a stream of requests.</summary>
    public ClientStreamWriter<TRequest> StartStreaming()
    {
        var content = new StreamingContent();
        _streaming = content;
        _writer = new GatheringWriter(NewEncoder(), bytes => content.SendAsync(bytes, Ended));
        _opening = OpenAsync(content);
        return new ClientStreamWriter<TRequest>(this, method.RequestMarshaller, _writer, content) { WriteOptions = Options.WriteOptions };
    }

    /// <summary>Takes a response that has arrived already: no waiting and no task. False if there is none.</summary>
    /// <exception cref="RpcException">The bytes that have arrived are no message.</exception>
    public bool TryRead()
    {
        try
        {
            var reader = !HasEnded && _opening.IsCompleted ? _opening.Result : null;
            var isFound = reader?.TryRead() ?? false;
            CurrentResponse = isFound ? reader!.Current : null;
            return isFound;
        }
        catch (Exception exception)
        {
            throw Fail(exception);
        }
    }

    /// <summary>Waits for the next response; false when the call has ended with OK.</summary>
    /// <exception cref="RpcException">The call ended in any other way.</exception>
    public async Task<bool> ReadAsync()
    {
        try
        {
            var reader = await _opening;
            if (!HasEnded && await reader!.ReadAsync(Ended))
            {
                CurrentResponse = reader.Current;
                return true;
            }

            if (!HasEnded)
            {
                // The body of a call that is open has a reader.
                reader!.Complete();
                End(ClientResponse.Status(_response!), _response);
            }
        }
        catch (Exception exception)
        {
            throw Fail(exception);
        }

        return GetStatus().StatusCode == StatusCode.OK ? false : throw AsException();
    }

    /// <summary>Reads the response of a call that has exactly one.</summary>
    public Task<TResponse> ReadOnlyAsync()
    {
        // A task that this call completes by itself, so that its failure can be marked as seen without a continuation for each call.
        var only = new TaskCompletionSource<TResponse>();
        _ = CompleteAsync(only);
        return only.Task;
    }

    /// <inheritdoc/>
    /// <remarks>A server that ends a call early sends its answer before it resets the stream. Where that answer is nothing but a status, the
    /// status is why the send failed; where there are messages, the status waits behind them.</remarks>
    public override async Task<RpcException> EndOfSendAsync(Exception failure)
    {
        await _opening;
        if (!HasEnded && ClientResponse.IsTrailersOnly(_response!) && ClientResponse.Status(_response!) is { StatusCode: not StatusCode.OK } status)
        {
            End(status, _response);
        }

        return HasEnded ? AsException() : new RpcException(ClientFailures.StatusOf(failure));
    }

    protected override void LetGo()
    {
        _writer?.Fail(AsException());
        _streaming?.Abandon();
        _response?.Dispose();
    }

    // A caller may care for one of the call's tasks only; the others must not be reported as unobserved.
    private static Task<Metadata> Observed(Task<Metadata> task)
    {
        if (!task.IsCompletedSuccessfully)
        {
            _ = task.ContinueWith(
                static faulted => _ = faulted.Exception,
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }

        return task;
    }

    private MessageEncoder NewEncoder() => new(Channel.MaxSendBytes, _requestEncoding, CompressionLevel.Fastest);

    private async Task<MessageReader<TResponse>?> OpenAsync(RequestContent content)
    {
        try
        {
            if (!Arm())
            {
                return null;
            }

            var request = await NewRequestAsync(content);
            _response = await Channel.SendAsync(request, Ended);
            if (ClientResponse.IsTrailersOnly(_response))
            {
                return NewReader(PipeReader.Create(ReadOnlySequence<byte>.Empty), Encodings.Identity);
            }

            ClientResponse.Check(_response);
            var body = await _response.Content.ReadAsStreamAsync(Ended);
            return NewReader(PipeReader.Create(body, ReaderOptions), ClientResponse.Encoding(_response));
        }
        catch (Exception exception)
        {
            Fail(exception);
            return null;
        }
        finally
        {
            // The headers are here, so the transport has the whole of a single request or will never take it.
            DisposeIfSpent(content);
        }
    }

    private void DisposeIfSpent(RequestContent content)
    {
        if (content is SingleMessageContent || HasEnded)
        {
            content.Dispose();
        }

        // The end may have come before there was a response to let go of.
        if (HasEnded)
        {
            _response?.Dispose();
        }
    }

    private MessageReader<TResponse> NewReader(PipeReader body, string encoding) =>
        new(body, method.ResponseMarshaller.ContextualDeserializer, Channel.MaxReceiveBytes, encoding);

    private async Task<HttpRequestMessage> NewRequestAsync(RequestContent content)
    {
        var request = RequestHeaders.NewRequest(Channel.Of(method).Address, content);
        await AddHeadersAsync(request, method, host, _requestEncoding);
        return request;
    }

    private async Task<Metadata> ReadHeadersAsync()
    {
        if (await _opening is null)
        {
            throw AsException();
        }

        return ClientResponse.IsTrailersOnly(_response!) ? [] : ClientResponse.Headers(_response!);
    }

    private async Task CompleteAsync(TaskCompletionSource<TResponse> only)
    {
        TResponse? message = null;
        try
        {
            if (await _opening is { } reader)
            {
                message = await reader.ReadAsync(Ended) ? reader.Current : null;
                if (message is not null && await reader.ReadAsync(Ended))
                {
                    throw Failures.Malformed("The server sent more than one response message.");
                }

                reader.Complete();
                End(ClientResponse.StatusOfOne(_response!, message is not null), _response);
            }
        }
        catch (Exception exception)
        {
            Fail(exception);
        }

        if (GetStatus().StatusCode == StatusCode.OK)
        {
            only.SetResult(message!);
            return;
        }

        only.SetException(AsException());
        _ = only.Task.Exception;
    }
}
