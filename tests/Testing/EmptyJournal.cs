using SyncHub.Storage;

namespace SyncHub.Testing;

/// <summary>A journal in which nothing lies: for tests that look only at what is committed.</summary>
public abstract class EmptyJournal : IJournal
{
    /// <inheritdoc/>
    public abstract long LastPosition { get; }

    /// <inheritdoc/>
    public abstract Task<long> CommitAsync(JournalBatch batch);

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
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
