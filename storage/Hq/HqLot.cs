namespace SyncHub.Storage.Hq;

/// <summary>A row of hq_lot: one parcel of bonus money, minor units. Total = Free + AtStores.</summary>
/// <param name="Member">Whose.</param>
/// <param name="OriginStore">Who issued it.</param>
/// <param name="Terms">The ruleset's version.</param>
/// <param name="ExpiryDay">Days since 1970-01-01 of its last day; 0: never.</param>
/// <param name="TotalMinor">W.</param>
/// <param name="FreeMinor">P: free at the hub.</param>
/// <param name="AtStoresMinor">The sum of A: what stores may still use.</param>
public sealed record HqLot(StreamId Member, long OriginStore, long Terms, long ExpiryDay, long TotalMinor, long FreeMinor, long AtStoresMinor);
