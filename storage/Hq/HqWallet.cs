namespace SyncHub.Storage.Hq;

/// <summary>A row of hq_wallet: what a member owns in one bucket that is not a lot, minor units or points. Total = Free + AtStores.</summary>
/// <param name="Member">Whose.</param>
/// <param name="Bucket">principal, points, credit or pending.</param>
/// <param name="Asset">The currency, or points.</param>
/// <param name="TotalMinor">W.</param>
/// <param name="FreeMinor">P: free at the hub.</param>
/// <param name="AtStoresMinor">The sum of A: what stores may still use.</param>
public sealed record HqWallet(StreamId Member, string Bucket, string Asset, long TotalMinor, long FreeMinor, long AtStoresMinor);
