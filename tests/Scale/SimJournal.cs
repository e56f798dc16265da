using SyncHub.Storage;
using SyncHub.Testing;

namespace SyncHub.Scale;

/// <summary>What a hub's commit pipeline writes to: a database whose commits take virtual time. Nothing is kept; nothing is read but emptiness.</summary>
internal sealed class SimJournal(SimDatabase database, VirtualTime time, Action onDurable) : EmptyJournal
{
    private long _position;

    /// <inheritdoc/>
    public override long LastPosition => _position;

    /// <inheritdoc/>
    public override Task<long> CommitAsync(JournalBatch batch)
    {
        var durable = new TaskCompletionSource<long>();
        var position = _position += batch.Records.Count;
        time.After(database.Write(batch) - time.NowUs, () =>
        {
            durable.SetResult(position);
            onDurable();
        });
        return durable.Task;
    }
}
