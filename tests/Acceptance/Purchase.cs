namespace SyncHub.Acceptance;

/// <summary>One purchase of a trace, with stores and members counted from 0.</summary>
/// <param name="AtMs">When, Unix milliseconds.</param>
/// <param name="Store">Where.</param>
/// <param name="Member">Who.</param>
/// <param name="AmountMinor">How much, above zero.</param>
public readonly record struct Purchase(long AtMs, int Store, int Member, long AmountMinor);
