namespace SyncHub.Storage;

/// <summary>A record as read back; <see cref="FactBytes"/> holds the bytes of the fact it is about, if any.</summary>
public readonly record struct StoredRecord(long Position, int Partition, StreamId Stream, long Version, byte[] Payload, FactKey? Fact, byte[]? FactBytes);

/// <summary>A stream as it is rebuilt: the snapshot (version 0 and null where there is none) and the tail after it.</summary>
public sealed record StoredStream(long SnapshotVersion, byte[]? Snapshot, IReadOnlyList<StoredRecord> Tail);

/// <summary>A stream that changed, with the position of its newest record.</summary>
public readonly record struct StreamChange(StreamId Stream, int Partition, long Position);

/// <summary>A fact as read back.</summary>
public readonly record struct StoredFact(ProducerId Producer, long Sequence, byte[] Hash, byte[] Bytes);

/// <summary>A cursor as read back.</summary>
public readonly record struct StoredCursor(long Sequence, byte[] Hash);

/// <summary>A document as read back.</summary>
public readonly record struct StoredDocument(byte[] Key, byte[] Value);

/// <summary>The balance of an account, debit positive.</summary>
public readonly record struct StoredBalance(string Account, string Asset, long BalanceMinor);
