using SyncHub.Core.Primitives;

namespace SyncHub.Core.Members;

/// <summary>At the survivor: it will take the loser in, and becomes nobody's alias before that is settled.</summary>
public sealed record MergeOffered(MemberId Loser, string Operator, string Reason) : MemberEvent;

/// <summary>At the survivor: the loser could not be merged.</summary>
public sealed record MergeOfferWithdrawn(MemberId Loser, string Reason) : MemberEvent;

/// <summary>At the loser: it is an alias from now on, and everything free drains to the survivor.</summary>
public sealed record MergedInto(MemberId Survivor, long Offer, string Operator, string Reason) : MemberEvent;

/// <summary>At the survivor: the newest word of an alias.</summary>
public sealed record AliasTaken(MemberId Alias, AliasNews News) : MemberEvent;

/// <summary>Value left this member for another one; the totals are cumulative.</summary>
public sealed record ValueSent(MemberId To, TransferTotals Totals) : MemberEvent;

/// <summary>Value of another member came in; the totals are cumulative.</summary>
public sealed record ValueTaken(MemberId From, TransferTotals Totals) : MemberEvent;

/// <summary>At the survivor: the member is its alias no more.</summary>
public sealed record AliasReleased(MemberId Alias, string Operator, string Reason) : MemberEvent;

/// <summary>At the former loser: it is a member of its own again.</summary>
public sealed record MergeUndone(MemberId Survivor, string Operator, string Reason) : MemberEvent;
