namespace SyncHub.Storage.Tests;

/// <summary>A journal, and how often a document was read from it.</summary>
internal sealed class WatchedJournal(IJournal inner) : IJournal
{
    public int DocumentsRead { get; private set; }

    public long LastPosition => inner.LastPosition;

    public Task<long> CommitAsync(JournalBatch batch) => inner.CommitAsync(batch);

    public StoredStream ReadStream(StreamId stream) => inner.ReadStream(stream);

    public IReadOnlyList<StoredRecord> ReadRecords(StreamId stream, long fromVersion, int limit) => inner.ReadRecords(stream, fromVersion, limit);

    public IReadOnlyList<StoredRecord> ReadFeed(long position, int limit) => inner.ReadFeed(position, limit);

    public IReadOnlyList<StreamChange> ReadChanges(long position, int limit) => inner.ReadChanges(position, limit);

    public IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes) => inner.ReadFacts(producer, fromSequence, limit, maxBytes);

    public IReadOnlyList<StoredFact> ReadNewestFacts(ProducerId producer, int limit) => inner.ReadNewestFacts(producer, limit);

    public StoredCursor? ReadCursor(string name, ProducerId producer) => inner.ReadCursor(name, producer);

    public byte[]? ReadDocument(string collection, ReadOnlySpan<byte> key)
    {
        DocumentsRead++;
        return inner.ReadDocument(collection, key);
    }

    public IReadOnlyList<StoredDocument> ReadDocuments(string collection, ReadOnlySpan<byte> keyPrefix, ReadOnlySpan<byte> afterKey, int limit) => inner.ReadDocuments(collection, keyPrefix, afterKey, limit);

    public long CountDocuments(string collection) => inner.CountDocuments(collection);

    public IReadOnlyList<StoredBalance> ReadBalances() => inner.ReadBalances();

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
