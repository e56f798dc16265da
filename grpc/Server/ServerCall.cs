using System.Buffers;
using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>One call on the server: its messages in both directions. Lives as long as the handler.</summary>
internal sealed class ServerCall<TRequest, TResponse> : IRequestSource<TRequest>, IResponseStart
    where TRequest : class
    where TResponse : class
{
    private readonly HttpContext _http;
    private readonly ServerMethod<TRequest, TResponse> _method;
    private readonly ServerCallSettings _settings;
    private readonly string _requestEncoding;
    private MessageReader<TRequest>? _reader;
    private RequestStream<TRequest>? _requests;
    private ResponseStream<TResponse>? _responses;
    private string _responseEncoding = Encodings.Identity;
    private bool _isWritten;

    public ServerCall(HttpContextServerCallContext context, ServerMethod<TRequest, TResponse> method, string requestEncoding)
    {
        Context = context;
        _http = context.HttpContext;
        _method = method;
        _settings = method.Settings;
        _requestEncoding = requestEncoding;
        context.ResponseStart = this;
    }

    public HttpContextServerCallContext Context { get; }

    public RequestStream<TRequest> Requests => _requests ??= new RequestStream<TRequest>(this);

    public ResponseStream<TResponse> Responses => _responses ??= new ResponseStream<TResponse>(Context, _method.Method.ResponseMarshaller, NewGatheringWriter);

    public TRequest? CurrentRequest => _reader?.Current;

    /// <summary>Reads the next request; false when the client has half-closed.</summary>
    /// <exception cref="OperationCanceledException">The client is gone, the deadline passed, or the token says so.</exception>
    public ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        _reader ??= new MessageReader<TRequest>(_http.Request.BodyReader, _method.Method.RequestMarshaller.ContextualDeserializer, _settings.MaxReceiveBytes, _requestEncoding);
        var reading = _reader.ReadAsync(cancellationToken.CanBeCanceled ? cancellationToken : Context.CancellationToken);
        return reading.IsCompletedSuccessfully ? reading : GuardAsync(reading);
    }

    /// <summary>Reads the request of a call that has exactly one.</summary>
    /// <remarks>The reader is another call's afterwards; where the read fails, nobody's.</remarks>
    public async ValueTask<TRequest> ReadOnlyAsync()
    {
        _reader = _method.Readers.Get();
        _reader.Open(_http.Request.BodyReader, _requestEncoding);
        if (!await ReadAsync(CancellationToken.None))
        {
            throw Failures.Malformed("The call needs one request message and had none.");
        }

        var request = _reader.Current!;
        if (await ReadAsync(CancellationToken.None))
        {
            throw Failures.Malformed("The call needs one request message and had more.");
        }

        GiveBack(_reader);
        _reader = null;
        return request;
    }

    private void GiveBack(MessageReader<TRequest> reader)
    {
        try
        {
            reader.Close();
        }
        catch (Exception exception) when (IsOver(exception))
        {
            throw Context.Cancelled(exception);
        }

        _method.Readers.Return(reader);
    }

    private bool IsOver(Exception exception) => Context.CancellationToken.IsCancellationRequested || exception is IOException;

    /// <summary>Writes the response of a call that has exactly one. It leaves together with the trailers.</summary>
    public void WriteOnly(TResponse? response)
    {
        if (Context.Status.StatusCode != StatusCode.OK)
        {
            return;
        }

        if (response is null)
        {
            throw new RpcException(new Status(StatusCode.Cancelled, "No message returned from method."));
        }

        SetHeaders();
        var mayCompress = ((Context.WriteOptions?.Flags ?? WriteFlags.None) & WriteFlags.NoCompress) == WriteFlags.None;
        if (_responseEncoding == Encodings.Identity)
        {
            var writer = _method.Writers.Get();
            writer.Write(_http.Response.BodyWriter, response, _method.Method.ResponseMarshaller);
            _method.Writers.Return(writer);
        }
        else
        {
            using var buffer = new PooledBuffer();
            NewEncoder().Encode(buffer, response, _method.Method.ResponseMarshaller.ContextualSerializer, mayCompress);
            _http.Response.BodyWriter.Write(buffer.Written.Span);
        }

        _isWritten = true;
    }

    /// <summary>Waits until everything written is on its way, and closes both streams to a handler that kept them.</summary>
    public Task CloseAsync(bool isFailed)
    {
        _requests?.Close();
        return _responses?.CloseAsync(isFailed) ?? Task.CompletedTask;
    }

    /// <summary>Ends the response.</summary>
    public void WriteStatus(Status status)
    {
        if (_isWritten || _http.Response.HasStarted)
        {
            ServerProtocol.WriteTrailers(_http.Response, status, Context.TrailersOrEmpty);
        }
        else
        {
            _http.Response.Headers.GrpcEncoding = default;
            ServerProtocol.WriteTrailersOnly(_http.Response, status, Context.TrailersOrEmpty);
        }
    }

    /// <inheritdoc/>
    public void SetHeaders()
    {
        if (_http.Response.HasStarted)
        {
            return;
        }

        _http.Response.ContentType = WireNames.ContentType;
        var wanted = Context.EncodingRequest ?? _settings.ResponseEncoding;
        if (wanted is not null && wanted != Encodings.Identity && Encodings.IsKnown(wanted)
            && Encodings.Lists(_http.Request.Headers.GrpcAcceptEncoding, wanted))
        {
            _responseEncoding = wanted;
            _http.Response.Headers.GrpcEncoding = wanted;
        }
    }

    private async ValueTask<bool> GuardAsync(ValueTask<bool> reading)
    {
        try
        {
            return await reading;
        }
        catch (Exception exception) when (IsOver(exception))
        {
            throw Context.Cancelled(exception);
        }
    }

    private GatheringWriter NewGatheringWriter()
    {
        SetHeaders();
        return new GatheringWriter(NewEncoder(), SendAsync);
    }

    private MessageEncoder NewEncoder() => new(_settings.MaxSendBytes, _responseEncoding, _settings.Level);

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        _isWritten = true;
        var result = await _http.Response.BodyWriter.WriteAsync(bytes, Context.CancellationToken);
        if (result.IsCompleted || result.IsCanceled || Context.IsAborted)
        {
            throw Context.Cancelled();
        }
    }
}
