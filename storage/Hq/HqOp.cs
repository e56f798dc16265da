namespace SyncHub.Storage.Hq;

/// <summary>A row of hq_op: an op as the hub took it in.</summary>
/// <param name="Op">Its place in the store's log.</param>
/// <param name="Member">Whose.</param>
/// <param name="Version">The member's version with it.</param>
/// <param name="Position">Of its record.</param>
/// <param name="Type">What it is.</param>
/// <param name="Classification">normal, liability, anomaly, or parked.</param>
/// <param name="OccurredAtMs">By the till's clock.</param>
/// <param name="RecordedAtMs">By the hub's.</param>
/// <param name="BillMinor">The bill.</param>
/// <param name="MoneyMinor">What the wallet's money gained, less what it lost.</param>
/// <param name="Points">What the points gained, less what they lost.</param>
public sealed record HqOp(FactKey Op, StreamId Member, long Version, long Position, string Type, string Classification, long OccurredAtMs, long RecordedAtMs, long BillMinor, long MoneyMinor, long Points);
