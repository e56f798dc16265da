using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>The stream of requests as a client sees it.</summary>
internal sealed class ClientStreamWriter<TRequest>(
    ClientCall call,
    Marshaller<TRequest> marshaller,
    GatheringWriter writer,
    StreamingContent content) : IClientStreamWriter<TRequest>
    where TRequest : class
{
    private volatile bool _isCompleted;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(TRequest message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (_isCompleted)
        {
            throw new InvalidOperationException("Can't write the message because the stream was completed.");
        }

        if (call.HasEnded)
        {
            return Task.FromException(call.AsException());
        }

        var writing = writer.WriteAsync(message, marshaller.ContextualSerializer, WriteOptions?.Flags ?? WriteFlags.None);
        return writing.IsCompletedSuccessfully ? writing : TranslateAsync(writing);
    }

    /// <inheritdoc/>
    /// <remarks>As in the official client, cancelling a write cancels the call.</remarks>
    public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel("A write was cancelled by the client."), call);
        await WriteAsync(message);
    }

    public async Task CompleteAsync()
    {
        _isCompleted = true;
        try
        {
            await TranslateAsync(writer.DrainAsync());
            content.End();
        }
        catch (RpcException) when (call.HasEnded)
        {
            // Nothing more will be sent, which is what completing means; the call's status tells the rest.
        }
    }

    // A failed send says that the call is over, not how: its status may still be on the way to whoever reads the responses.
    private async Task TranslateAsync(Task writing)
    {
        try
        {
            await writing;
        }
        catch (Exception exception)
        {
            throw await call.EndOfSendAsync(exception);
        }
    }
}
