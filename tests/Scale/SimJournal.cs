using SyncHub.Storage;

namespace SyncHub.Scale;

/// <summary>What a hub's commit pipeline writes to: a database whose commits take virtual time. Nothing is kept; nothing is read but emptiness.</summary>
internal sealed class SimJournal(SimDatabase database, VirtualTime time, Action onDurable) : IJournal
{
    private long _position;

    /// <inheritdoc/>
    public long LastPosition => _position;

    /// <inheritdoc/>
    public Task<long> CommitAsync(JournalBatch batch)
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

    /// <inheritdoc/>
    public StoredStream ReadStream(StreamId stream) => new(0, null, []);

    /// <inheritdoc/>
    public IReadOnlyList<StoredRecord> ReadRecords(StreamId stream, long fromVersion, int limit) => [];

    /// <inheritdoc/>
    public IReadOnlyList<StoredRecord> ReadFeed(long position, int limit) => [];

    /// <inheritdoc/>
    public IReadOnlyList<StreamChange> ReadChanges(long position, int limit) => [];

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes) => [];

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadNewestFacts(ProducerId producer, int limit) => [];

    /// <inheritdoc/>
    public StoredCursor? ReadCursor(string name, ProducerId producer) => null;

    /// <inheritdoc/>
    public byte[]? ReadDocument(string collection, ReadOnlySpan<byte> key) => null;

    /// <inheritdoc/>
    public IReadOnlyList<StoredDocument> ReadDocuments(string collection, ReadOnlySpan<byte> keyPrefix, ReadOnlySpan<byte> afterKey, int limit) => [];

    /// <inheritdoc/>
    public long CountDocuments(string collection) => 0;

    /// <inheritdoc/>
    public IReadOnlyList<StoredBalance> ReadBalances() => [];

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
