using SyncHub.Core.Identity;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

/// <summary>Something that happened to a member, as the hub's journal keeps it. Replaying the events rebuilds the state.</summary>
public abstract record MemberEvent;

/// <summary>A store's op was taken into the ledger.</summary>
public sealed record OpApplied(Op Op) : MemberEvent
{
    /// <summary>The chain that it came in: its holder's, or a branch of it.</summary>
    public OpId Place { get; init; } = Op.Id;

    /// <summary>For a void or refund: what it undoes. Null in events that were written before the hub checked it.</summary>
    public Undoing? Undoing { get; init; }

    /// <summary>Whether it was parked before, and its place in the chain is taken already.</summary>
    public bool IsResumed { get; init; }

    /// <summary>Of a resumed op: whether it is the last one that waited in its chain.</summary>
    public bool EndsParking { get; init; }

    /// <summary>For an op that adds a tag: the head of its hash, which is in the tag's name. 0 in events of before it was.</summary>
    public ulong HashHead { get; init; }

    /// <summary>For an op that advances value: what the floor allowed when the hub took it in, so that a replay judges it alike.</summary>
    public long FloorLimitMinor { get; init; }
}

/// <summary>An op that could not be taken in, or one of the same store behind such a one: kept, acknowledged, waiting for a person.</summary>
public sealed record OpParked(OpId Place, string Reason) : MemberEvent
{
    /// <summary>The life whose log the op is of; the chain's own number but where it stands in a branch.</summary>
    public Incarnation Life { get; init; } = Place.Holder.Incarnation;
}

/// <summary>What a life of a store held of this member was taken from it.</summary>
public sealed record LinesReleased(Holder Holder, ReleaseKind Kind, string Payer, string Approver, IReadOnlyList<ReleasedLine> Lines) : MemberEvent;

/// <summary>A store proved grants that this hub, restored to an older state, had forgotten; the numbers are G of each line.</summary>
public sealed record RightsHealed(Holder Holder, IReadOnlyList<GrantedLine> Lines) : MemberEvent;

/// <summary>The right to void or refund an op went from the hub to a store (protocol.md 1.12).</summary>
/// <param name="Op">The op.</param>
/// <param name="Right">Who may undo it from now on.</param>
/// <param name="Left">What is left to give back, per bucket; for people.</param>
public sealed record RefundRightMoved(OpId Op, RefundRight Right, IReadOnlyList<Move> Left) : MemberEvent
{
    /// <summary>Where the right was taken from a life that was reclaimed: the account that bears what that life turns out to have undone. Empty: it was given up.</summary>
    public string Payer { get; init; } = "";

    /// <summary>Whether a store proved the right to a hub that had forgotten it.</summary>
    public bool IsHealed { get; init; }
}

/// <summary>Rights were granted to a holder; the numbers are the new cumulative G of each line.</summary>
public sealed record RightsGranted(Holder Holder, IReadOnlyList<GrantedLine> Lines) : MemberEvent;

/// <summary>A store keeps a replica of this member from now on.</summary>
public sealed record MemberFollowed(StoreId Store) : MemberEvent;

/// <summary>The member was created at HQ.</summary>
public sealed record MemberRegistered(MemberProfile Profile) : MemberEvent;

/// <summary>G of one line.</summary>
public readonly record struct GrantedLine(Bucket Bucket, long Granted);

/// <summary>What was taken from one line.</summary>
public readonly record struct ReleasedLine(Bucket Bucket, long Amount);
