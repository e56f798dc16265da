using SyncHub.Storage;

namespace SyncHub.Testing;

/// <summary>A journal that hands everything on to another one: for tests that watch or hold one thing of it.</summary>
public abstract class JournalAround(IJournal inner) : IJournal
{
    /// <summary>The journal beneath.</summary>
    public IJournal Inner => inner;

    /// <inheritdoc/>
    public long LastPosition => inner.LastPosition;

    /// <inheritdoc/>
    public virtual Task<long> CommitAsync(JournalBatch batch) => inner.CommitAsync(batch);

    /// <inheritdoc/>
    public virtual Task<long> CommitHereAsync(JournalBatch batch) => inner.CommitHereAsync(batch);

    /// <inheritdoc/>
    public void Prepare(JournalBatch batch) => inner.Prepare(batch);

    /// <inheritdoc/>
    public StoredStream ReadStream(StreamId stream) => inner.ReadStream(stream);

    /// <inheritdoc/>
    public IReadOnlyList<StoredRecord> ReadRecords(StreamId stream, long fromVersion, int limit) => inner.ReadRecords(stream, fromVersion, limit);

    /// <inheritdoc/>
    public IReadOnlyList<StoredRecord> ReadFeed(long position, int limit) => inner.ReadFeed(position, limit);

    /// <inheritdoc/>
    public virtual IReadOnlyList<StreamChange> ReadChanges(long position, int limit) => inner.ReadChanges(position, limit);

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes) => inner.ReadFacts(producer, fromSequence, limit, maxBytes);

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadNewestFacts(ProducerId producer, int limit) => inner.ReadNewestFacts(producer, limit);

    /// <inheritdoc/>
    public StoredCursor? ReadCursor(string name, ProducerId producer) => inner.ReadCursor(name, producer);

    /// <inheritdoc/>
    public virtual byte[]? ReadDocument(string collection, ReadOnlySpan<byte> key) => inner.ReadDocument(collection, key);

    /// <inheritdoc/>
    public IReadOnlyList<StoredDocument> ReadDocuments(string collection, ReadOnlySpan<byte> keyPrefix, ReadOnlySpan<byte> afterKey, int limit) => inner.ReadDocuments(collection, keyPrefix, afterKey, limit);

    /// <inheritdoc/>
    public long CountDocuments(string collection) => inner.CountDocuments(collection);

    /// <inheritdoc/>
    public IReadOnlyList<StoredBalance> ReadBalances() => inner.ReadBalances();

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return inner.DisposeAsync();
    }
}
