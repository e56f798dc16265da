namespace SyncHub.Storage;

/// <summary>What a batch must satisfy whatever the journal holds; every <see cref="IJournal"/> checks it before it queues the batch.</summary>
/// <remarks>Pure and thread-safe. A broken rule is a mistake of the caller, never a fault of the disk.</remarks>
public static class BatchRules
{
    /// <summary>Length of the hash that chains facts.</summary>
    public const int HashBytes = 32;

    /// <summary>Throws where <paramref name="batch"/> could not be written to any journal.</summary>
    /// <exception cref="ArgumentException">Balances do not sum to zero per asset, a hash is not 32 bytes long, or a version is below 1.</exception>
    public static void ThrowIfBroken(JournalBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        foreach (var record in batch.Records)
        {
            ThrowIfVersionBelowOne(record.Stream, record.Version);
        }
        foreach (var snapshot in batch.Snapshots)
        {
            ThrowIfVersionBelowOne(snapshot.Stream, snapshot.Version);
        }
        foreach (var fact in batch.Facts)
        {
            ThrowIfNotAHash(fact.Hash, "fact", fact.Sequence);
        }
        foreach (var move in batch.Cursors)
        {
            ArgumentException.ThrowIfNullOrEmpty(move.Name, nameof(batch));
            ThrowIfNotAHash(move.Hash, $"cursor {move.Name}", move.Sequence);
        }
        foreach (var write in batch.Documents)
        {
            ArgumentException.ThrowIfNullOrEmpty(write.Collection, nameof(batch));
            ArgumentNullException.ThrowIfNull(write.Key, nameof(batch));
        }
        ThrowIfNotZeroSum(batch.Balances);
    }

    /// <summary>What a journal answers where a document is not what the writer expected.</summary>
    public static JournalConflictException DocumentConflict(DocumentWrite write) =>
        new($"Document {Convert.ToHexStringLower(write.Key)} of {write.Collection} is not what its writer last saw: somebody else wrote it. Read it again before deciding.");

    private static void ThrowIfVersionBelowOne(StreamId stream, long version)
    {
        if (version < 1)
        {
            throw new ArgumentException($"Version {version} of stream {stream.Value:x32}: the first version of a stream is 1.");
        }
    }

    private static void ThrowIfNotAHash(ReadOnlyMemory<byte> hash, string what, long sequence)
    {
        if (hash.Length != HashBytes)
        {
            throw new ArgumentException($"The hash of {what} at sequence {sequence} has {hash.Length} bytes; it must have {HashBytes}.");
        }
    }

    // Double entry: value moves between accounts and is never made by writing down one side of it.
    private static void ThrowIfNotZeroSum(List<BalanceChange> changes)
    {
        if (changes.Count == 0)
        {
            return;
        }
        var sums = new Dictionary<string, Int128>(StringComparer.Ordinal);
        foreach (var change in changes)
        {
            ArgumentException.ThrowIfNullOrEmpty(change.Account, nameof(changes));
            ArgumentException.ThrowIfNullOrEmpty(change.Asset, nameof(changes));
            sums[change.Asset] = sums.GetValueOrDefault(change.Asset) + change.DeltaMinor;
        }
        foreach (var (asset, sum) in sums)
        {
            if (sum != 0)
            {
                throw new ArgumentException($"The balance changes of a batch must sum to zero per asset; {asset} sums to {sum}.");
            }
        }
    }
}
