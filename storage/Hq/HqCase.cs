namespace SyncHub.Storage.Hq;

/// <summary>A row of hq_case: what needs, or needed, a person. Words and names stay with the API.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Kind">What it is about.</param>
/// <param name="OpenedAtMs">When the hub opened it.</param>
/// <param name="ClosedAtMs">When a person closed it; null while it is open.</param>
/// <param name="Member">Whose; null where it is about no member.</param>
/// <param name="Store">Where; null where it happened at no store.</param>
/// <param name="Op">The op that it is about; null where there is none.</param>
/// <param name="AmountMinor">How much is in question.</param>
/// <param name="Asset">Of what; empty where there is no amount.</param>
/// <param name="Payer">The account that bears it; empty where nobody has to.</param>
public sealed record HqCase(string Id, string Kind, long OpenedAtMs, long? ClosedAtMs, StreamId? Member, long? Store, FactKey? Op, long AmountMinor, string Asset, string Payer);
