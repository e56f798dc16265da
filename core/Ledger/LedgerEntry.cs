using SyncHub.Core.Primitives;

namespace SyncHub.Core.Ledger;

/// <summary>One side of a ledger transaction: debit positive, credit negative.</summary>
public readonly record struct LedgerEntry(string Account, Asset Asset, long AmountMinor);
