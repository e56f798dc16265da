namespace SyncHub.Storage.Hq;

/// <summary>A row of hq_member: a member without anything personal.</summary>
/// <param name="Member">The stream.</param>
/// <param name="Version">Of the newest record that the member's rows know.</param>
/// <param name="IsRegistered">Whether a registration was seen.</param>
/// <param name="IsErased">Whether the personal data are gone for good.</param>
/// <param name="AliasOf">Into whom it was merged.</param>
/// <param name="HasPhone">Whether a phone is known.</param>
/// <param name="HasCard">Whether a card is known.</param>
/// <param name="LifetimeSpendMinor">Bills less what was given back.</param>
/// <param name="ReceivableMinor">What the member owes.</param>
/// <param name="Followers">Stores that keep a replica.</param>
/// <param name="RecordedAtMs">When the hub wrote the newest record.</param>
public sealed record HqMember(StreamId Member, long Version, bool IsRegistered, bool IsErased, StreamId? AliasOf, bool HasPhone, bool HasCard, long LifetimeSpendMinor, long ReceivableMinor, long Followers, long RecordedAtMs);
