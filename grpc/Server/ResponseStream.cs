using Grpc.Core;
using Grpc.Wire;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>The stream of responses as a handler sees it.</summary>
internal sealed class ResponseStream<TResponse>(
    HttpContextServerCallContext context,
    Marshaller<TResponse> marshaller,
    Func<GatheringWriter> newWriter) : IServerStreamWriter<TResponse>
    where TResponse : class
{
    private GatheringWriter? _writer;
    private WriteOptions? _writeOptions;
    private volatile bool _isClosed;

    public WriteOptions? WriteOptions
    {
        get => _writeOptions ?? context.WriteOptions;
        set => _writeOptions = value;
    }

    public Task WriteAsync(TResponse message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (_isClosed)
        {
            throw new InvalidOperationException("The call has ended; no more responses can be written.");
        }

        if (context.CancellationToken.IsCancellationRequested)
        {
            return Task.FromException(context.Cancelled());
        }

        // Made with the first message: until then a handler may still choose the response headers.
        _writer ??= newWriter();
        return _writer.WriteAsync(message, marshaller.ContextualSerializer, WriteOptions?.Flags ?? WriteFlags.None);
    }

    /// <inheritdoc/>
    /// <remarks>A message whose wait is cancelled stays in the stream; only the wait ends.</remarks>
    public Task WriteAsync(TResponse message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var writing = WriteAsync(message);
        return writing.IsCompleted ? writing : writing.WaitAsync(cancellationToken);
    }

    /// <summary>Sends what is left. After a failure that the call reports anyway, it only waits for the transport to let go.</summary>
    public async Task CloseAsync(bool isFailed)
    {
        _isClosed = true;
        if (_writer is null)
        {
            return;
        }

        try
        {
            await _writer.DrainAsync();
        }
        catch (Exception) when (isFailed)
        {
            // The call ends with the first failure; this one is its echo in the stream.
        }
    }
}
