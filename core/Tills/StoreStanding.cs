namespace SyncHub.Core.Tills;

/// <summary>What a store has promised and its hub has not acknowledged yet, counted from the store's own log above the committed watermark.</summary>
/// <param name="TopUpsMinor">Top-ups that are spendable.</param>
/// <param name="AdvancesMinor">What was advanced without a right.</param>
/// <param name="IsPastLease">Whether headquarters has not been heard for longer than it allows: members do not spend here then.</param>
public readonly record struct StoreStanding(long TopUpsMinor, long AdvancesMinor = 0, bool IsPastLease = false);
