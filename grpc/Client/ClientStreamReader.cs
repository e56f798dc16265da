using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>The stream of responses as a client sees it.</summary>
internal sealed class ClientStreamReader<TRequest, TResponse>(ClientCall<TRequest, TResponse> call) : IAsyncStreamReader<TResponse>
    where TRequest : class
    where TResponse : class
{
    private int _isReading;

    public TResponse Current => call.CurrentResponse ?? throw new InvalidOperationException("There is no current message; MoveNext has not found one.");

    /// <inheritdoc/>
    /// <remarks>As in the official client, cancelling a read cancels the call.</remarks>
    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isReading, 1) == 1)
        {
            throw new InvalidOperationException("Can't read the next message because the previous read is still in progress.");
        }

        var isFound = false;
        try
        {
            isFound = !cancellationToken.IsCancellationRequested && call.TryRead();
        }
        catch (RpcException exception)
        {
            Volatile.Write(ref _isReading, 0);
            return Task.FromException<bool>(exception);
        }

        if (isFound)
        {
            Volatile.Write(ref _isReading, 0);
            return Task.FromResult(true);
        }

        return WaitAsync(cancellationToken);
    }

    private async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel("A read was cancelled by the client."), call);
        try
        {
            return await call.ReadAsync();
        }
        finally
        {
            Volatile.Write(ref _isReading, 0);
        }
    }
}
