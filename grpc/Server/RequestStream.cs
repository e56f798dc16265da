using Grpc.Core;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>What a call's request stream reads from, without the type of its responses.</summary>
internal interface IRequestSource<TRequest>
    where TRequest : class
{
    TRequest? CurrentRequest { get; }

    ValueTask<bool> ReadAsync(CancellationToken cancellationToken);
}

/// <summary>The stream of requests as a handler sees it.</summary>
internal sealed class RequestStream<TRequest>(IRequestSource<TRequest> source) : IAsyncStreamReader<TRequest>
    where TRequest : class
{
    private int _isReading;
    private volatile bool _isClosed;

    public TRequest Current => source.CurrentRequest ?? throw new InvalidOperationException("There is no current message; MoveNext has not found one.");

    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<bool>(cancellationToken);
        }

        if (_isClosed)
        {
            throw new InvalidOperationException("The call has ended; its requests can no longer be read.");
        }

        if (Interlocked.Exchange(ref _isReading, 1) == 1)
        {
            throw new InvalidOperationException("Can't read the next message because the previous read is still in progress.");
        }

        var reading = source.ReadAsync(cancellationToken);
        if (reading.IsCompletedSuccessfully)
        {
            Volatile.Write(ref _isReading, 0);
            return Task.FromResult(reading.Result);
        }

        return FinishAsync(reading);
    }

    public void Close() => _isClosed = true;

    private async Task<bool> FinishAsync(ValueTask<bool> reading)
    {
        try
        {
            return await reading;
        }
        finally
        {
            Volatile.Write(ref _isReading, 0);
        }
    }
}
