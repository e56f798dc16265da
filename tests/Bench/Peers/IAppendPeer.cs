namespace SyncHub.Bench.Peers;

/// <summary>The limit of an engine: its raw rows, appended by one connection that does nothing else.</summary>
internal interface IAppendPeer : IAsyncDisposable
{
    /// <summary>Appends the rows of ops, a fact and a record each, for so many seconds.</summary>
    /// <param name="batch">Ops in one durable commit.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Ops per second, and the milliseconds of each commit.</returns>
    Task<(double OpsPerSecond, double[] CommitMs)> RunAsync(int batch, double seconds, CancellationToken cancellation);

    /// <summary>Reads single rows of the hub's snapshots and their tails by their keys.</summary>
    /// <returns>Milliseconds of each read.</returns>
    Task<double[]> ReadAsync(IReadOnlyList<UInt128> streams, CancellationToken cancellation);
}
