using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Net;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>A client call with its messages.</summary>
internal sealed class ClientCall<TRequest, TResponse>(GrpcChannel channel, Method<TRequest, TResponse> method, string? host, CallOptions options)
    : ClientCall(channel, options)
    where TRequest : class
    where TResponse : class
{
    private const string UserAgent = "grpc-dotnet-kestrel/1.0";

    // One data frame of the default size.
    private static readonly StreamPipeReaderOptions ReaderOptions = new(bufferSize: 16 * 1024, minimumReadSize: 4 * 1024, leaveOpen: true);

    private static readonly Task<MessageReader<TResponse>?> Unopened = Task.FromResult<MessageReader<TResponse>?>(null);

    private readonly string _requestEncoding = RequestEncoding(options.Headers);

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
                var (status, trailers) = ClientResponse.End(_response!);
                End(status, trailers);
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
        if (!HasEnded && ClientResponse.IsTrailersOnly(_response!) && ClientResponse.End(_response!) is var (status, trailers) && status.StatusCode != StatusCode.OK)
        {
            End(status, trailers);
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

    private static string RequestEncoding(Metadata? headers)
    {
        var encoding = headers?.GetValue(WireNames.EncodingRequest) ?? Encodings.Identity;
        return Encodings.IsKnown(encoding)
            ? encoding
            : throw new InvalidOperationException($"{WireNames.EncodingRequest} is '{encoding}'; use one of {Encodings.Accepted}.");
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
        var request = new HttpRequestMessage(HttpMethod.Post, Channel.UriOf(method))
        {
            Content = content,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Host = host;
        AddProtocolHeaders(request);
        AddMetadata(request, Options.Headers ?? Metadata.Empty);
        await AddCredentialsAsync(request);
        if (HasDeadline)
        {
            // Last, so that the time that credentials took is the server's loss too.
            request.Headers.TryAddWithoutValidation(WireNames.Timeout, GrpcTimeout.Format(TimeLeft > TimeSpan.Zero ? TimeLeft : TimeSpan.Zero));
        }

        return request;
    }

    private void AddProtocolHeaders(HttpRequestMessage request)
    {
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation(WireNames.AcceptEncoding, Encodings.Accepted);
        if (Options.Headers?.Get("user-agent") is null)
        {
            request.Headers.TryAddWithoutValidation("user-agent", UserAgent);
        }

        if (_requestEncoding != Encodings.Identity)
        {
            request.Headers.TryAddWithoutValidation(WireNames.Encoding, _requestEncoding);
        }
    }

    private static void AddMetadata(HttpRequestMessage request, Metadata metadata)
    {
        // By number: an enumerator would be an object for each call.
        for (var at = 0; at < metadata.Count; at++)
        {
            var entry = metadata[at];
            if (MetadataHeaders.IsReserved(entry.Key))
            {
                continue;
            }

            // Some names (expires, allow, last-modified) are taken as the body's; on the wire there is no difference.
            var value = MetadataHeaders.Value(entry);
            if (!request.Headers.TryAddWithoutValidation(entry.Key, value))
            {
                request.Content!.Headers.TryAddWithoutValidation(entry.Key, value);
            }
        }
    }

    private async Task AddCredentialsAsync(HttpRequestMessage request)
    {
        if (Channel.CallCredentials is { } ofChannel)
        {
            AddMetadata(request, await CredentialsMetadataAsync(ofChannel));
        }

        if (Options.Credentials is { } ofCall)
        {
            AddMetadata(request, await CredentialsMetadataAsync(ofCall));
        }
    }

    private async Task<Metadata> CredentialsMetadataAsync(CallCredentials credentials)
    {
        if (!Channel.MaySendCredentials)
        {
            throw new RpcException(new Status(StatusCode.Internal, "Call credentials need an https channel, or GrpcChannelOptions.UnsafeUseInsecureChannelCallCredentials."));
        }

        var metadata = new Metadata();
        try
        {
            await credentials.ApplyAsync(Channel.AuthContextOf(method, Ended), metadata);
        }
        catch (Exception exception) when (exception is not RpcException && !Ended.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unauthenticated, "Error retrieving call credentials.", exception));
        }

        return metadata;
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
                var (status, trailers) = ClientResponse.End(_response!);
                End(message is null && status.StatusCode == StatusCode.OK ? new Status(StatusCode.Internal, "The server sent OK without a response message.") : status, trailers);
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
