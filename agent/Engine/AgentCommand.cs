using Google.Protobuf;
using SyncHub.Core.Primitives;
using SyncHub.Core.Tills;

namespace SyncHub.Agent.Engine;

/// <summary>Something that the agent's engine is asked or told, with the time at which the shell took it in.</summary>
/// <remarks>Immutable. The engine reads no clock and draws no random number: both come in here.</remarks>
public abstract record AgentCommand(long NowMs);

/// <summary>What the hub said of one member: its newest state, rights, or both. Rights are applied first.</summary>
/// <param name="Member">The member as the hub has it, or null.</param>
/// <param name="Rights">Rights for this store, or null.</param>
public sealed record HubNews(V1.MemberDelta? Member, V1.Rights? Rights)
{
    /// <summary>The answer to a request for a refund right, or null.</summary>
    public V1.RefundRightReply? RefundRight { get; init; }

    /// <summary>The answer to a receipt that was handed in, or null.</summary>
    public V1.OutOfBandReply? HandIn { get; init; }

    /// <summary>The hash of the op whose receipt <see cref="HandIn"/> is about; null where nobody waits for that answer any more. It names an op by its number alone, and two machines may have used one.</summary>
    public OpHash? HandedIn { get; init; }
}

/// <summary>A till calls: any request message of the service <c>Till</c>.</summary>
public sealed record TillCall(long NowMs, IMessage Request, bool IsOnline) : AgentCommand(NowMs)
{
    /// <summary>Since when there is no hub, Unix milliseconds; 0 while there is one.</summary>
    public long OfflineSinceMs { get; init; }

    /// <summary>The monotonic clock of the process, milliseconds; for the lease alone.</summary>
    public long ElapsedMs { get; init; }

    /// <summary>What the hub answered for this very call; applied before it is decided, durable with it.</summary>
    public IReadOnlyList<HubNews> News { get; init; } = [];

    /// <summary>What other stores gave up for this call in earlier rounds, minor units.</summary>
    public long RevokedMinor { get; init; }

    /// <summary>Whether what is missing may go on account: at once where there is no hub to ask for rights, else when it has been asked.</summary>
    public bool MayUseCredit { get; init; } = !IsOnline;

    /// <summary>SHA-256 of the session that the till showed; empty where it showed none.</summary>
    public ReadOnlyMemory<byte> Session { get; init; }

    /// <summary>For a day close in a chain of several cells: what else the drawer should hold, of the store's other cells; null where the cash is counted for another one.</summary>
    public long? DrawerElsewhereMinor { get; init; } = 0;

    /// <summary>Who is signed in with that session; set by the engine, or before it where another cell's engine knows the sessions.</summary>
    public string Cashier { get; init; } = "";

    /// <summary>The second person, whose PIN the shell has checked; empty: nobody.</summary>
    public string Approver { get; init; } = "";

    /// <summary>The cell that a new member is registered in.</summary>
    public Core.Primitives.Cell Cell { get; init; } = Core.Primitives.Cell.Only;

    /// <summary>Whether headquarters ordered it: <see cref="Cashier"/> and <see cref="Approver"/> are who ordered and approved it there, by the hub's rules and not the till's.</summary>
    public bool IsOrdered { get; init; }

    /// <summary>Ten random bytes, for a registration.</summary>
    public ReadOnlyMemory<byte> Entropy { get; init; }
}

/// <summary>The hub sent news of a member on connection number <paramref name="Connection"/>.</summary>
public sealed record NewsArrived(long NowMs, HubNews News, long Connection) : AgentCommand(NowMs);

/// <summary>Every member change up to <paramref name="Position"/> arrived on connection number <paramref name="Connection"/>.</summary>
public sealed record FeedReached(long NowMs, long Position, long Connection) : AgentCommand(NowMs);

/// <summary>The key with which this life proves the ops on its receipts.</summary>
public sealed record ReceiptKeyArrived(long NowMs, V1.ReceiptKey Key) : AgentCommand(NowMs);

/// <summary>The hub is there: the store's lease runs anew.</summary>
public sealed record HubHeard(long NowMs, long ElapsedMs) : AgentCommand(NowMs);

/// <summary>New rules and store names.</summary>
public sealed record PolicyArrived(long NowMs, V1.PolicyDelta Policy) : AgentCommand(NowMs);

/// <summary>The hub wants rights back. Answered with the sequence up to which ops must be sent before the ask is done.</summary>
public sealed record RevokeAsked(long NowMs, V1.RevokeAsk Ask) : AgentCommand(NowMs);

/// <summary>A connection was welcomed by a hub in that term, which has ops up to a sequence.</summary>
public sealed record SessionStarted(long NowMs, long Token, long HubTerm, long CommittedSequence) : AgentCommand(NowMs);

/// <summary>The hub gave this database a new life in answer to a wish; ignored where it is not our present wish.</summary>
public sealed record LifeGiven(long NowMs, Core.Primitives.Incarnation Old, Core.Primitives.Incarnation New, Core.Identity.LifeKey Wish) : AgentCommand(NowMs);

/// <summary>The hub has the log of an earlier life up to here.</summary>
public sealed record FactsAcknowledged(long NowMs, Core.Primitives.Incarnation Life, long Sequence) : AgentCommand(NowMs);

/// <summary>Asks for a page of right lines, for a hub that was restored; answered from what is durable.</summary>
public sealed record ReportLines(long NowMs, byte[] AfterKey, int Limit) : AgentCommand(NowMs);

/// <summary>Asks for a page of the members of whom this store keeps a replica, for a hub that was restored; answered from what is durable.</summary>
public sealed record ReportFollowed(long NowMs, byte[] AfterKey, int Limit) : AgentCommand(NowMs);

/// <summary>Asks for a page of refund rights that the hub moved here, for a hub that was restored; answered from what is durable.</summary>
public sealed record ReportRefundRights(long NowMs, byte[] AfterKey, int Limit) : AgentCommand(NowMs);

/// <summary>The hub has all ops up to here on its disk.</summary>
public sealed record Acknowledged(long NowMs, long CommittedSequence, long Connection = 0) : AgentCommand(NowMs);

/// <summary>This database may lack a part of its past: no op from now on.</summary>
public sealed record LockOrdered(long NowMs, string Reason) : AgentCommand(NowMs);

/// <summary>Hands back rights of members that no till touched since <paramref name="UnusedSinceMs"/>, and all rights to expired lots; looks at one page of members after a key.</summary>
public sealed record ReturnIdleRights(long NowMs, long UnusedSinceMs, byte[] AfterKey, int Limit) : AgentCommand(NowMs);

/// <summary>Drops replicas of members of whom this store holds nothing and whom no till touched since <paramref name="UnusedSinceMs"/>; looks at one page of them after a key.</summary>
public sealed record UnfollowIdle(long NowMs, long UnusedSinceMs, byte[] AfterKey, int Limit) : AgentCommand(NowMs);

/// <summary>Deletes what is older than a time and no longer needed, in one page of a collection after a key.</summary>
public sealed record PruneOld(long NowMs, long BeforeMs, string Collection, byte[] AfterKey, int Limit) : AgentCommand(NowMs);

/// <summary>Asks for what a <c>Hello</c> says; answered from what is durable. A locked agent makes its wish for a new life from the 16 random bytes.</summary>
public sealed record DescribeSelf(long NowMs, ReadOnlyMemory<byte> Entropy) : AgentCommand(NowMs);

/// <summary>Asks for the next receipt that was handed in and waits, after a key; answered from what is durable.</summary>
public sealed record NextHandIn(long NowMs, byte[] AfterKey) : AgentCommand(NowMs);

/// <summary>Writes cursors that otherwise wait for the next op.</summary>
public sealed record SaveProgress(long NowMs) : AgentCommand(NowMs);

/// <summary>What came of a command. It may leave the engine only after the batch is durable.</summary>
public sealed record EngineReply
{
    /// <summary>For a till: the answer message of its method; null where <see cref="Fault"/> says why there is none.</summary>
    public IMessage? Answer { get; init; }

    /// <summary>Why the agent could not say, with the way out.</summary>
    public string? Fault { get; init; }

    /// <summary>For <see cref="SessionShown"/>: who is signed in.</summary>
    public string Cashier { get; init; } = "";

    /// <summary>The member that a refused call was about.</summary>
    public Core.Primitives.MemberId Member { get; init; }

    /// <summary>Rights that would let a refused call through.</summary>
    public IReadOnlyList<GrantTarget> Wanted { get; init; } = [];

    /// <summary>Whether a refused call would go through on account.</summary>
    public bool CouldUseCredit { get; init; }

    /// <summary>Whether newer news of the member might let a refused call through.</summary>
    public bool NeedsNews { get; init; }

    /// <summary>The op that a refused call wants to undo without the right to it.</summary>
    public Core.Primitives.OpId? WantedRefundRight { get; init; }

    /// <summary>What other stores gave up for this call so far, minor units.</summary>
    public long RevokedMinor { get; init; }

    /// <summary>For <see cref="RevokeAsked"/>: whether an op that hands rights back was logged. It is the answer; no other is needed.</summary>
    public bool GaveRights { get; init; }

    /// <summary>The tip of the log after the command.</summary>
    public long TipSequence { get; init; }

    /// <summary>For <see cref="PruneOld"/> and <see cref="UnfollowIdle"/>: how many were deleted.</summary>
    public int Pruned { get; init; }

    /// <summary>For <see cref="ReturnIdleRights"/>: where the next page starts; null at the end.</summary>
    public byte[]? NextKey { get; init; }

    /// <summary>For <see cref="ReportLines"/>.</summary>
    public IReadOnlyList<V1.ReportedLine> Lines { get; init; } = [];

    /// <summary>For <see cref="PinTryBegun"/>.</summary>
    public PinTry? Pin { get; init; }

    /// <summary>For <see cref="ReportFollowed"/>: which of them were merged into whom, as far as this store has heard.</summary>
    public IReadOnlyList<V1.KnownMerge> Merges { get; init; } = [];

    /// <summary>For <see cref="ReportFollowed"/>.</summary>
    public IReadOnlyList<Google.Protobuf.ByteString> Followed { get; init; } = [];

    /// <summary>For <see cref="ReportRefundRights"/>.</summary>
    public IReadOnlyList<V1.HeldRefundRight> RefundRights { get; init; } = [];

    /// <summary>For <see cref="NextHandIn"/>: the receipt at <see cref="NextKey"/>; null where none waits.</summary>
    public V1.OutOfBandOp? HandIn { get; init; }

    /// <summary>For <see cref="DescribeSelf"/>.</summary>
    public SelfDescription? Self { get; init; }
}

/// <summary>What the agent says of itself to the hub.</summary>
public sealed record SelfDescription(Core.Primitives.Holder Holder, long TipSequence, Core.Primitives.OpHash TipHash, long Token, long CommittedSequence, long FeedPosition, int PolicyVersion, string LockReason)
{
    /// <summary>The machine.</summary>
    public Core.Identity.LifeKey Device { get; init; }

    /// <summary>The wish for a new life of a locked agent.</summary>
    public Core.Identity.LifeKey Wish { get; init; }

    /// <summary>Logs of earlier lives, oldest first.</summary>
    public IReadOnlyList<DeadLog> DeadLogs { get; init; } = [];

    /// <summary>The term of the hub that confirmed what is confirmed of them.</summary>
    public long HubTerm { get; init; }
}
