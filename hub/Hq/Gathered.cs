using Grpc.Core;

namespace SyncHub.Hub.Hq;

/// <summary>Where a stream of answers goes that a JSON door gives as one.</summary>
internal sealed class Gathered<T>(Action<T> add) : IServerStreamWriter<T>
{
    /// <inheritdoc/>
    public WriteOptions? WriteOptions { get; set; }

    /// <inheritdoc/>
    public Task WriteAsync(T message)
    {
        add(message);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task WriteAsync(T message, CancellationToken cancellationToken) => WriteAsync(message);
}
