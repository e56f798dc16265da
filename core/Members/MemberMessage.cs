using SyncHub.Core.Identity;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

/// <summary>Something that a member's grain is asked or told.</summary>
public abstract record MemberMessage;

/// <summary>A store logged an op about this member. It is a fact.</summary>
public sealed record OpArrived(Op Op) : MemberMessage
{
    /// <summary>The chain that it came in: its holder's, or a branch of it.</summary>
    public OpId Place { get; init; } = Op.Id;

    /// <summary>The head of its hash.</summary>
    public ulong HashHead { get; init; }

    /// <summary>Why it must not be decided but parked; empty where it may be.</summary>
    public string ParkBecause { get; init; } = "";

    /// <summary>For a void or refund: what the journal has of the op that it undoes. Null: not looked up, and not checked.</summary>
    public Undoing? Undoing { get; init; }

    /// <summary>Another op of this member comes in the same batch: rights are placed after that one. What is placed is comfort, so a batch pays for it once.</summary>
    public bool PlacesLater { get; init; }
}

/// <summary>A life of a store is over: take from it what it held of this member.</summary>
public sealed record ReleaseWanted(Holder Holder, ReleaseKind Kind, string Payer, string Approver, object Reply) : MemberMessage, IAsked;

/// <summary>A store keeps a replica of this member, and reports so to a hub that was restored.</summary>
public sealed record FollowReported(StoreId Store, object Reply) : MemberMessage, IAsked;

/// <summary>A store's replica says that this member was merged into another one; told to a hub that was restored.</summary>
public sealed record MergeReported(MemberId Survivor, StoreId Store, object Reply) : MemberMessage, IAsked;

/// <summary>A store reports the g of its lines to a hub that was restored.</summary>
public sealed record LinesReported(Holder Holder, IReadOnlyList<GrantedLine> Lines, object Reply) : MemberMessage, IAsked;

/// <summary>A store wants to void or refund an op to which it has no right.</summary>
/// <param name="Holder">Who asks.</param>
/// <param name="Request">The asker's number for the answer.</param>
/// <param name="Original">The op as its store logged it; durable and applied.</param>
/// <param name="Since">The place after the end of the asker's log: from there on it would use the right.</param>
public sealed record RefundRightWanted(Holder Holder, long Request, OwnOp Original, long Since) : MemberMessage;

/// <summary>A store holds a refund right, and tells a hub that was restored.</summary>
public sealed record RefundRightReported(Holder Holder, OpId Op, long Since, object Reply) : MemberMessage, IAsked;

/// <summary>HQ wants everything that waits in one chain about this member to be decided after all.</summary>
/// <param name="Life">A life of a store.</param>
/// <param name="Ops">All parked ops of its log, in order; one that stands in several chains may be named by several.</param>
/// <param name="Reply">Where the answer goes.</param>
public sealed record ResumeParkedWanted(Holder Life, IReadOnlyList<OpArrived> Ops, object Reply) : MemberMessage, IAsked;

/// <summary>A store wants rights: absolute targets for G.</summary>
/// <param name="Holder">Who asks.</param>
/// <param name="Request">The asker's number for the answer.</param>
/// <param name="Targets">For each bucket the G that would suffice.</param>
/// <param name="Checkout">True: also ask other stores to give up theirs, and wait for them until the deadline.</param>
public sealed record RightsWanted(Holder Holder, long Request, IReadOnlyList<GrantedLine> Targets, bool Checkout) : MemberMessage;

/// <summary>A store gave up all that it will for one ask.</summary>
public sealed record RevokeAnswered(Holder Holder, long Ask) : MemberMessage;

/// <summary>A live revoke took too long.</summary>
public sealed record RevokeExpired(long Ask) : MemberMessage;

/// <summary>A till identified this member at a store: it follows the member from now on, and gets an allowance.</summary>
public sealed record IdentifyWanted(Holder Holder, long Request, bool Prefetch) : MemberMessage;

/// <summary>A store is back and wants the newest state, if it follows this member.</summary>
public sealed record CatchUpWanted(Holder Holder, object? Reply = null) : MemberMessage, IAsked;

/// <summary>HQ creates this member.</summary>
public sealed record RegisterWanted(MemberProfile Profile, object Reply) : MemberMessage, IAsked;

/// <summary>HQ wants to see the state.</summary>
public sealed record StateWanted(object Reply) : MemberMessage, IAsked;

/// <summary>Time has passed: what is due is done, whoever asks. The hub sends it to every member each night.</summary>
public sealed record SweepWanted(object Reply) : MemberMessage, IAsked;
