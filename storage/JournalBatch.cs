namespace SyncHub.Storage;

/// <summary>What one decision, or a group of them, writes: all of it or none of it.</summary>
/// <remarks>Not thread-safe; it belongs to the caller until it is handed to <see cref="IJournal.CommitAsync"/> and must not change afterwards.</remarks>
/// <param name="expected">How many records and facts there will be, as far as is known.</param>
public sealed class JournalBatch(int expected = 0)
{
    /// <summary>Records to append. Each version must be exactly one above its stream's newest (1 for a new stream), counting this batch's own.</summary>
    public List<NewRecord> Records { get; } = new(expected);

    /// <summary>Facts to append. (producer, sequence) must be new; sequences need not be contiguous here.</summary>
    public List<NewFact> Facts { get; } = new(expected);

    /// <summary>Snapshots to store; a snapshot replaces an older one of its stream.</summary>
    public List<NewSnapshot> Snapshots { get; } = [];

    /// <summary>Cursors to move. A cursor never moves back: a lower sequence is ignored.</summary>
    public List<CursorMove> Cursors { get; } = [];

    /// <summary>Documents to put or delete, in order.</summary>
    public List<DocumentWrite> Documents { get; } = [];

    /// <summary>Amounts to add to account balances. They must sum to zero per asset within the batch.</summary>
    public List<BalanceChange> Balances { get; } = [];

    /// <summary>What it builds upon; null where it stands alone and may be written although one before it was not.</summary>
    public BatchChain? Chain { get; set; }

    /// <summary>True where there is nothing to write: committing it still waits for all batches before it.</summary>
    public bool IsEmpty => Records.Count + Facts.Count + Snapshots.Count + Cursors.Count + Documents.Count + Balances.Count == 0;
}

/// <summary>An append-only stream of records (at the hub: one member).</summary>
public readonly record struct StreamId(UInt128 Value);

/// <summary>Whoever numbers facts: a store and one life of its database.</summary>
public readonly record struct ProducerId(long Store, long Incarnation);

/// <summary>A record to append; <paramref name="Fact"/> names the fact that it is about, whose bytes are stored once, with the fact.</summary>
public readonly record struct NewRecord(int Partition, StreamId Stream, long Version, ReadOnlyMemory<byte> Payload, FactKey? Fact = null)
{
    /// <summary>For journals: the payload is as it is to be stored (<see cref="IJournal.Prepare"/>).</summary>
    internal bool IsPrepared { get; init; }
}

/// <summary>The name of a fact.</summary>
public readonly record struct FactKey(ProducerId Producer, long Sequence);

/// <summary>A fact to append: its bytes verbatim, and the hash that chains it to the one before (32 bytes).</summary>
public readonly record struct NewFact(ProducerId Producer, long Sequence, ReadOnlyMemory<byte> Hash, ReadOnlyMemory<byte> Bytes)
{
    /// <inheritdoc cref="NewRecord.IsPrepared"/>
    internal bool IsPrepared { get; init; }
}

/// <summary>The state of a stream up to and including <paramref name="Version"/>.</summary>
public readonly record struct NewSnapshot(StreamId Stream, long Version, ReadOnlyMemory<byte> Payload)
{
    /// <inheritdoc cref="NewRecord.IsPrepared"/>
    internal bool IsPrepared { get; init; }
}

/// <summary>A durable place in a producer's sequence with the hash found there (32 bytes).</summary>
public readonly record struct CursorMove(string Name, ProducerId Producer, long Sequence, ReadOnlyMemory<byte> Hash);

/// <summary>Puts a document, or deletes it where <paramref name="Value"/> is null. <paramref name="OnlyIfAbsent"/>: keeps an existing one and fails nothing.</summary>
public readonly record struct DocumentWrite(string Collection, byte[] Key, byte[]? Value, bool OnlyIfAbsent = false)
{
    /// <summary>The fence of a document: what must be there before (empty: nothing), or the whole batch is refused as a conflict; null where it does not matter.</summary>
    public ReadOnlyMemory<byte>? Expected { get; init; }
}

/// <summary>Adds <paramref name="DeltaMinor"/> (debit positive, credit negative) to an account of one partition.</summary>
public readonly record struct BalanceChange(int Partition, string Account, string Asset, long DeltaMinor);
