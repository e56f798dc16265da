using SyncHub.Storage;

namespace SyncHub.Faults.KillTarget;

/// <summary>A journal whose commits count. Reads are the journal's own.</summary>
internal sealed class KillingJournal(IJournal journal, Trigger trigger) : IJournal
{
    /// <inheritdoc/>
    public long LastPosition => journal.LastPosition;

    /// <inheritdoc/>
    public Task<long> CommitAsync(JournalBatch batch) => CommitAsync(batch, journal.CommitAsync, "");

    /// <inheritdoc/>
    public Task<long> CommitHereAsync(JournalBatch batch) => CommitAsync(batch, journal.CommitHereAsync, " here");

    /// <inheritdoc/>
    public StoredStream ReadStream(StreamId stream) => journal.ReadStream(stream);

    /// <inheritdoc/>
    public IReadOnlyList<StoredRecord> ReadRecords(StreamId stream, long fromVersion, int limit) => journal.ReadRecords(stream, fromVersion, limit);

    /// <inheritdoc/>
    public IReadOnlyList<StoredRecord> ReadFeed(long position, int limit) => journal.ReadFeed(position, limit);

    /// <inheritdoc/>
    public IReadOnlyList<StreamChange> ReadChanges(long position, int limit) => journal.ReadChanges(position, limit);

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes) => journal.ReadFacts(producer, fromSequence, limit, maxBytes);

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadNewestFacts(ProducerId producer, int limit) => journal.ReadNewestFacts(producer, limit);

    /// <inheritdoc/>
    public StoredCursor? ReadCursor(string name, ProducerId producer) => journal.ReadCursor(name, producer);

    /// <inheritdoc/>
    public byte[]? ReadDocument(string collection, ReadOnlySpan<byte> key) => journal.ReadDocument(collection, key);

    /// <inheritdoc/>
    public IReadOnlyList<StoredDocument> ReadDocuments(string collection, ReadOnlySpan<byte> keyPrefix, ReadOnlySpan<byte> afterKey, int limit) => journal.ReadDocuments(collection, keyPrefix, afterKey, limit);

    /// <inheritdoc/>
    public long CountDocuments(string collection) => journal.CountDocuments(collection);

    /// <inheritdoc/>
    public IReadOnlyList<StoredBalance> ReadBalances() => journal.ReadBalances();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => journal.DisposeAsync();

    private Task<long> CommitAsync(JournalBatch batch, Func<JournalBatch, Task<long>> commit, string how)
    {
        if (batch.IsEmpty)
        {
            return commit(batch); // it only waits for the ones before it
        }

        var write = Describe(batch) + how;
        return FinishAsync(trigger.Before(write), write, commit(batch)); // called at once: the order of calls is the order of commits
    }

    private async Task<long> FinishAsync(long number, string write, Task<long> commit)
    {
        var position = await commit.ConfigureAwait(false);
        trigger.After(number, write);
        return position;
    }

    // What a batch writes, in words ("here" where the thread that decided it writes it): facts, records, snapshots, cursors by name, documents by collection (of "meta" also the key).
    private static string Describe(JournalBatch batch)
    {
        var parts = new SortedSet<string>(StringComparer.Ordinal);
        parts.UnionWith(batch.Facts.Select(_ => "fact"));
        parts.UnionWith(batch.Records.Select(_ => "record"));
        parts.UnionWith(batch.Snapshots.Select(_ => "snapshot"));
        parts.UnionWith(batch.Balances.Select(_ => "balance"));
        parts.UnionWith(batch.Cursors.Select(cursor => "cursor:" + cursor.Name));
        parts.UnionWith(batch.Documents.Select(document => document.Collection == "meta" ? "meta:" + System.Text.Encoding.ASCII.GetString(document.Key) : document.Collection));
        return string.Join(' ', parts);
    }
}
