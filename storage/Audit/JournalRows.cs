namespace SyncHub.Storage.Audit;

/// <summary>A row of table record, as it lies there.</summary>
public readonly record struct RecordRow(long Position, int Partition, StreamId Stream, long Version, byte[] Payload, FactKey? Fact);

/// <summary>A row of table snapshot.</summary>
public readonly record struct SnapshotRow(StreamId Stream, long Version, byte[] Payload);

/// <summary>A row of table cursor.</summary>
public readonly record struct CursorRow(string Name, ProducerId Producer, long Sequence, byte[] Hash);

/// <summary>A row of table document.</summary>
public readonly record struct DocumentRow(string Collection, byte[] Key, byte[] Value);

/// <summary>A row of table balance: one partition's share of an account, in minor units, debit positive.</summary>
public readonly record struct BalanceRow(int Partition, string Account, string Asset, long AmountMinor);
