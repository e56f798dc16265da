namespace SyncHub.Storage.Hq;

/// <summary>A row of hq_posting: one side of what a record booked, debit positive. All rows of an account sum to its balance.</summary>
/// <param name="Member">Whose record.</param>
/// <param name="Version">Which one; an op's is in hq_op.</param>
/// <param name="Account">The account.</param>
/// <param name="Asset">The currency, or points.</param>
/// <param name="AmountMinor">Minor units.</param>
public sealed record HqPosting(StreamId Member, long Version, string Account, string Asset, long AmountMinor);
