using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

/// <summary>Something that happened to a member, as the hub's journal keeps it. Replaying the events rebuilds the state.</summary>
public abstract record MemberEvent;

/// <summary>A store's op was taken into the ledger.</summary>
public sealed record OpApplied(Op Op) : MemberEvent;

/// <summary>Rights were granted to a holder; the numbers are the new cumulative G of each line.</summary>
public sealed record RightsGranted(Holder Holder, IReadOnlyList<GrantedLine> Lines) : MemberEvent;

/// <summary>A store keeps a replica of this member from now on.</summary>
public sealed record MemberFollowed(StoreId Store) : MemberEvent;

/// <summary>The member was created at HQ.</summary>
public sealed record MemberRegistered(MemberProfile Profile) : MemberEvent;

/// <summary>G of one line.</summary>
public readonly record struct GrantedLine(Bucket Bucket, long Granted);
