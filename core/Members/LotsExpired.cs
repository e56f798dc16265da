using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

/// <summary>What lay free at the hub of lots whose last day has passed went to breakage; what stores hold of them stays theirs.</summary>
/// <param name="Day">The hub's day when it was decided, days since 1970-01-01; recorded so that nobody has to ask a clock again.</param>
/// <param name="Lots">The lots, each with its new cumulative breakage.</param>
public sealed record LotsExpired(int Day, IReadOnlyList<LotBreakage> Lots) : MemberEvent;

/// <summary>All that one lot has lost to breakage; absolute, so that the event changes nothing when it is applied again.</summary>
public readonly record struct LotBreakage(Bucket Bucket, long BreakageMinor);
