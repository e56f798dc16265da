using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Core.Refunds;

namespace SyncHub.Core.Members;

/// <summary>HQ wants another member merged into this one.</summary>
public sealed record MergeWanted(MemberId Loser, string Operator, string Reason, object Reply) : MemberMessage, IAsked;

/// <summary>HQ wants an alias of this member to be a member of its own again.</summary>
public sealed record UnmergeWanted(MemberId Alias, string Operator, string Reason, object Reply) : MemberMessage, IAsked;

/// <summary>A survivor has offered to take this member in.</summary>
public sealed record MergeInto(MemberId Survivor, long Offer, string Operator, string Reason) : MemberMessage;

/// <summary>A loser could not be merged into this member.</summary>
public sealed record MergeRefused(MemberId Loser, long Offer, string Reason) : MemberMessage;

/// <summary>A survivor has let this member go, if it is an alias by an offer of this version or an older one.</summary>
public sealed record ReleaseAlias(MemberId Survivor, long UpToOffer, string Operator, string Reason) : MemberMessage;

/// <summary>A former alias knows that it is one no more by any offer up to a version of the survivor.</summary>
public sealed record ReleaseTaken(MemberId Alias, long UpToOffer) : MemberMessage;

/// <summary>A store asks for a refund right, and those that the member was ever merged into are asked what was given back under their names.</summary>
/// <param name="Wanted">What the store asked; the op's member decides.</param>
/// <param name="Known">What is known of the op so far; the right is as the member had it.</param>
/// <param name="MayMove">Whether the right was free when the store asked. Then it stays so, and nobody gives anything back under it.</param>
/// <param name="Payer">Where the right is taken from a life that was reclaimed: who bears what it did with it. Empty: it was given up.</param>
public sealed record RefundQuestion(RefundRightWanted Wanted, UndoneOp Known, bool MayMove, string Payer)
{
    /// <summary>Who has written down already that the right is taken from that life.</summary>
    public IReadOnlyList<MemberId> Noted { get; init; } = [];
}

/// <summary>What was given back of another member's op under this one's name, or under those it was merged into?</summary>
public sealed record UndoneWanted(RefundQuestion Question, IReadOnlyList<MemberId> Asked, IReadOnlyList<MemberId> Left) : MemberMessage;

/// <summary>Everybody has said what was given back.</summary>
public sealed record UndoneTold(RefundQuestion Question) : MemberMessage;

/// <summary>The right was not taken from the life that was reclaimed: what that life gives back is a refund as any other still.</summary>
/// <param name="Former">What is known of the op, with that life's right.</param>
public sealed record UndoneKept(UndoneOp Former) : MemberMessage;

/// <summary>All that ever came from another member, and, where that one is an alias of this one, its newest word.</summary>
public sealed record TransferArrived(MemberId From, long Version, TransferTotals Totals, AliasNews? News, long Offer) : MemberMessage;

/// <summary>The other member has taken all that was sent up to a version of this one.</summary>
public sealed record TransferTaken(MemberId By, long Version) : MemberMessage;

/// <summary>The hub started again while something between two members was under way.</summary>
public sealed record ResumeMerge(UnderWayKind Kind, MemberId Peer) : MemberMessage;

/// <summary>What can be under way between two members.</summary>
public enum UnderWayKind
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>A survivor waits for its loser's word.</summary>
    Offer = 1,

    /// <summary>Value or news have been sent and not been taken yet.</summary>
    Transfer = 2,

    /// <summary>A former alias has not been told yet.</summary>
    Release = 3,

    /// <summary>An alias of an erased member has not been erased yet.</summary>
    Erasure = 4,
}

/// <summary>Something between two members that must be gone on with after a crash; written with the events of the sender, who alone ends it.</summary>
/// <param name="Kind">What.</param>
/// <param name="From">The sender.</param>
/// <param name="To">The other one.</param>
/// <param name="IsDone">Whether it ends: not all of it has an event of its own, and so a version by which the journal would refuse a hub that is not the newest any more.</param>
/// <param name="Version">The sender's version up to which it is said, or answered: what was said later is under way still.</param>
public readonly record struct UnderWay(UnderWayKind Kind, MemberId From, MemberId To, bool IsDone, long Version)
{
    /// <summary>Whether this answer ends what was said up to <paramref name="said"/>.</summary>
    public bool Ends(long said) => IsDone && (said <= Version || Switches.IsOff(Mechanism.AnswersNameVersions));
}

/// <summary>Hand a message to another member's grain.</summary>
public sealed record PostTo(MemberId To, MemberMessage Message) : MemberEffect;

/// <summary>Answer HQ with a refusal.</summary>
public sealed record Refused(object Reply, string Reason) : MemberEffect;
