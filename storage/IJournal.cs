namespace SyncHub.Storage;

/// <summary>The append-only truth of one process (hub or agent), with the small keyed state that must change together with it.</summary>
/// <remarks>
/// It knows no message or rule of the product: streams, facts, documents and balances are bytes and numbers with keys.
/// Thread rule: every member may be called from any thread. Batches commit in the order in which <see cref="CommitAsync"/> was called.
/// Crash rule: when the task of <see cref="CommitAsync"/> completes, the whole batch survives a power cut; when it fails, none of it is there.
/// Reads see every batch whose commit has completed, and never half of one.
/// </remarks>
public interface IJournal : IAsyncDisposable
{
    /// <summary>Writes <paramref name="batch"/> durably, all or nothing. Several waiting batches may share one commit.</summary>
    /// <returns>The position of its newest record, whoever shares the commit; where it has none, of the newest one before it (0 where there is none yet).</returns>
    /// <exception cref="JournalConflictException">A record, fact or cursor is not the next one: somebody else wrote it. Only this batch fails, and those that build upon it (<see cref="JournalBatch.Chain"/>).</exception>
    /// <exception cref="JournalUnavailableException">Disk full, read-only, corrupt or an I/O error. Nothing of the batch was written.</exception>
    Task<long> CommitAsync(JournalBatch batch);

    /// <summary>As <see cref="CommitAsync"/>, for a caller that has nothing better to do than to wait: where nothing else is being written its own thread writes, and no other one has to be woken twice.</summary>
    /// <remarks>It may block for as long as a commit takes, and the task that it returns may be done already.</remarks>
    Task<long> CommitHereAsync(JournalBatch batch) => CommitAsync(batch);

    /// <summary>Does ahead what of a commit depends on nothing that is decided later, so that whoever gathers batches into one need not do it for all of them.</summary>
    /// <remarks>Rows change in place. The batch is committed here afterwards, by itself or as rows of another one, beside rows that were not prepared. Nothing is promised yet.</remarks>
    void Prepare(JournalBatch batch)
    {
    }

    /// <summary>The latest snapshot of a stream and every record after it; what a stream is rebuilt from. Empty for an unknown stream.</summary>
    StoredStream ReadStream(StreamId stream);

    /// <summary>All records of a stream from <paramref name="fromVersion"/> on, oldest first, whatever snapshots there are.</summary>
    IReadOnlyList<StoredRecord> ReadRecords(StreamId stream, long fromVersion, int limit);

    /// <summary>All records after <paramref name="position"/> in commit order, of every stream, at most <paramref name="limit"/>.</summary>
    IReadOnlyList<StoredRecord> ReadFeed(long position, int limit);

    /// <summary>Distinct streams that have a record after <paramref name="position"/>, in order of their newest one, at most <paramref name="limit"/>.</summary>
    IReadOnlyList<StreamChange> ReadChanges(long position, int limit);

    /// <summary>The position of the newest durable record, 0 for none.</summary>
    long LastPosition { get; }

    /// <summary>Facts of one producer from <paramref name="fromSequence"/> on, in sequence, until <paramref name="limit"/> facts or <paramref name="maxBytes"/> bytes (at least one fact).</summary>
    IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes);

    /// <summary>The newest <paramref name="limit"/> facts of one producer, newest first.</summary>
    IReadOnlyList<StoredFact> ReadNewestFacts(ProducerId producer, int limit);

    /// <summary>A reader's or writer's durable place in a producer's sequence; null where it never moved.</summary>
    StoredCursor? ReadCursor(string name, ProducerId producer);

    /// <summary>One document, null where there is none.</summary>
    byte[]? ReadDocument(string collection, ReadOnlySpan<byte> key);

    /// <summary>Documents of a collection in key order whose key is greater than <paramref name="afterKey"/> (empty: from the start) and starts with <paramref name="keyPrefix"/> (empty: any).</summary>
    IReadOnlyList<StoredDocument> ReadDocuments(string collection, ReadOnlySpan<byte> keyPrefix, ReadOnlySpan<byte> afterKey, int limit);

    /// <summary>How many documents a collection holds.</summary>
    long CountDocuments(string collection);

    /// <summary>All account balances, summed over partitions, ordered by account and asset.</summary>
    IReadOnlyList<StoredBalance> ReadBalances();
}
