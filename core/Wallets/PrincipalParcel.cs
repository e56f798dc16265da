using SyncHub.Core.Primitives;

namespace SyncHub.Core.Wallets;

/// <summary>The part of a member's principal that one store took in under one ruleset's terms; what settlement between stores is counted from.</summary>
/// <remarks>Principal is one bucket of rights; parcels only attribute it, oldest first, in the order in which the hub learned of the debits.</remarks>
public readonly record struct PrincipalParcel(StoreId OriginStore, int Terms, long RemainingMinor);
