using SyncHub.Core.Primitives;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

/// <summary>Something that leaves a grain, and only after every event before it is durable (I14).</summary>
public abstract record MemberEffect;

/// <summary>An op is in the ledger: its store's watermark may pass it.</summary>
/// <param name="Holder">The chain: a life of a store, or a branch of one.</param>
/// <param name="Sequence">Its number there.</param>
/// <param name="Classification">What the hub made of it.</param>
/// <param name="Note">Why.</param>
public sealed record AcknowledgeOp(Holder Holder, long Sequence, Classification Classification, string Note) : MemberEffect;

/// <summary>Tell a holder its rights.</summary>
public sealed record SendRights(Holder Holder, IReadOnlyList<GrantedLine> Lines) : MemberEffect;

/// <summary>Answer a request for rights.</summary>
public sealed record SendRightsReply(Holder Holder, long Request, MemberView View) : MemberEffect;

/// <summary>Answer an identification.</summary>
public sealed record SendIdentifyReply(Holder Holder, long Request, MemberView View) : MemberEffect;

/// <summary>Answer a request for a refund right: the op with the right and what was given back of it, or why not.</summary>
public sealed record SendRefundRight(Holder Holder, long Request, OwnOp? Op, Rejection? Refusal, MemberView View) : MemberEffect;

/// <summary>Tell a store the member's newest state.</summary>
public sealed record SendChange(StoreId Store, MemberView View) : MemberEffect;

/// <summary>Ask a holder to give rights up, down to a level in each bucket.</summary>
public sealed record AskRevoke(Holder Holder, long Ask, IReadOnlyList<RevokeLine> Lines) : MemberEffect;

/// <summary>Send <see cref="RevokeExpired"/> back after this time.</summary>
public sealed record StartDeadline(long Ask, int DelayMs) : MemberEffect;

/// <summary>A store that came back has been told of this member, if it follows it.</summary>
public sealed record CaughtUp(Holder Holder, object? Reply) : MemberEffect;

/// <summary>Answer HQ.</summary>
public sealed record Answer(object Reply, MemberView View) : MemberEffect
{
    /// <summary>What was moved, minor units, where the question was to move something.</summary>
    public long Amount { get; init; }
}

/// <summary>What one line should be reduced to; ignored by a holder that has seen a newer grant than <paramref name="AsOfGranted"/>.</summary>
public readonly record struct RevokeLine(Bucket Bucket, long KeepLevel, long AsOfGranted);
