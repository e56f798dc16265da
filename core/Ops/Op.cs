using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Ops;

/// <summary>What an op is. A number that this version does not know is kept as it came and reported as an anomaly.</summary>
public enum OpType
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>Value sold to the member.</summary>
    TopUp = 1,

    /// <summary>A bill, paid in part or whole from the wallet.</summary>
    Sale = 2,

    /// <summary>Points spent outside a sale.</summary>
    Redeem = 3,

    /// <summary>Undoes one earlier op of this store as a whole.</summary>
    Void = 4,

    /// <summary>Gives back part of what an earlier sale took from the wallet.</summary>
    Refund = 5,

    /// <summary>Rights handed back to the hub.</summary>
    Relinquish = 6,

    /// <summary>A new member.</summary>
    RegisterMember = 7,

    /// <summary>The end of a business day at one store.</summary>
    CloseDay = 8,

    /// <summary>The last op of a store's life: nothing of its log is missing.</summary>
    CloseIncarnation = 9,

    /// <summary>Value given or taken by hand; with a reference: the payment of that top-up was made or declined.</summary>
    Adjust = 10,

    /// <summary>Fields of a profile changed at a till.</summary>
    ProfileSet = 11,

    /// <summary>A tag added at a till.</summary>
    TagAdd = 12,

    /// <summary>A tag removed at a till: the ops that had added it, as far as the store had seen them.</summary>
    TagRemove = 13,

    /// <summary>What a store held on an alias's right line leaves it, for the survivor's line at the same store.</summary>
    AliasOut = 20,

    /// <summary>The other half of <see cref="AliasOut"/>: it arrives on the survivor's line.</summary>
    AliasIn = 21,

    /// <summary>The store dropped its replica of a member who no longer comes: from here on it is told nothing of them.</summary>
    Unfollow = 22,

    /// <summary>The store keeps a replica of the member; said where an <see cref="Unfollow"/> of its log may say otherwise.</summary>
    Follow = 23,
}

/// <summary>Which way a move goes.</summary>
public enum MoveKind
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>The member gains value.</summary>
    Credit = 1,

    /// <summary>The member uses value.</summary>
    Debit = 2,

    /// <summary>The store gives up the right to spend; the member's value stays.</summary>
    Relinquish = 3,

    /// <summary>The store gives value on account, without a right: the member owes it. In a void: what of a top-up could not be taken back.</summary>
    Advance = 4,

    /// <summary>What was sold on account is undone: the member owes less, or has principal where the debt was settled meanwhile.</summary>
    Settle = 5,
}

/// <summary>One change of one bucket. The amount is above zero; the kind says which way.</summary>
/// <param name="Kind">Which way.</param>
/// <param name="Bucket">Which pot.</param>
/// <param name="AmountMinor">Minor units (points for the points bucket), above zero.</param>
/// <param name="GrantedSeen">The right line's g when the op was logged.</param>
public readonly record struct Move(MoveKind Kind, Bucket Bucket, long AmountMinor, long GrantedSeen)
{
    /// <summary>Whether it makes the member owe: used credit, or an advance.</summary>
    public bool IsOnAccount => Kind == MoveKind.Advance || (Kind == MoveKind.Debit && Bucket == Bucket.Credit);
}

/// <summary>A fact in a store's append-only log: it happened, and nobody may refuse it afterwards.</summary>
/// <remarks>This is the decoded form. The bytes it came from are what is hashed, kept and sent; it is never encoded a second time.</remarks>
public sealed record Op
{
    /// <summary>Its name.</summary>
    public required OpId Id { get; init; }

    /// <summary>What it is.</summary>
    public required OpType Type { get; init; }

    /// <summary>Whose; default for an op about no member (day close).</summary>
    public MemberId Member { get; init; }

    /// <summary>What it changes; at most one move per bucket and kind.</summary>
    public IReadOnlyList<Move> Moves { get; init; } = [];

    /// <summary>The till's clock, Unix milliseconds. Shown to people; never decides whether money moves.</summary>
    public long OccurredAtMs { get; init; }

    /// <summary>The op that a void or refund is about.</summary>
    public OpId? Reference { get; init; }

    /// <summary>The ruleset that priced it.</summary>
    public int RulesetVersion { get; init; }

    /// <summary>The till.</summary>
    public string Terminal { get; init; } = "";

    /// <summary>Who stood at it.</summary>
    public string Operator { get; init; } = "";

    /// <summary>Who had signed in at the till with a PIN; empty where nobody had.</summary>
    public string Cashier { get; init; } = "";

    /// <summary>The second person who approved it with a PIN; empty where nobody did.</summary>
    public string Approver { get; init; } = "";

    /// <summary>The till's own id of the request, for exactly-once answers.</summary>
    public string RequestId { get; init; } = "";

    /// <summary>The bill before any discount; for a top-up the cash taken.</summary>
    public long BillMinor { get; init; }

    /// <summary>Taken off the bill: tier discount and the value of points.</summary>
    public long DiscountMinor { get; init; }

    /// <summary>The part of the bill paid by cash or card.</summary>
    public long OtherTenderMinor { get; init; }

    /// <summary>The new member's data, for a registration.</summary>
    public MemberProfile? Profile { get; init; }

    /// <summary>How a top-up was paid.</summary>
    public Tender Tender { get; init; }

    /// <summary>For a top-up that is pending: the bonus that comes with its confirmation.</summary>
    public long PromisedBonusMinor { get; init; }
    /// <summary>
    /// The newest day close of this log by which the store gave its refund rights up to the hub; of a day close its own number. 0 = none, and
    /// in day closes of older agents, which kept their rights.
    /// </summary>
    public long ClosedUpTo { get; init; }

    /// <summary>Whether it is about the store as a whole and no member.</summary>
    public bool IsOfStore => Type is OpType.CloseDay or OpType.CloseIncarnation;

    /// <summary>The store's hybrid clock, for what competes with other stores; default in ops of older agents.</summary>
    public Hlc Stamp { get; init; }

    /// <summary>The new values of a <see cref="OpType.ProfileSet"/>.</summary>
    public IReadOnlyList<FieldChange> Fields { get; init; } = [];

    /// <summary>Whether the member proved the contact fields of a <see cref="OpType.ProfileSet"/> at an online till.</summary>
    public bool IsProved { get; init; }

    /// <summary>The tag that is added or removed.</summary>
    public string Tag { get; init; } = "";

    /// <summary>What a <see cref="OpType.TagRemove"/> removes.</summary>
    public IReadOnlyList<Dot> RemovedDots { get; init; } = [];

    /// <summary>The survivor of an <see cref="OpType.AliasOut"/>, the alias of an <see cref="OpType.AliasIn"/>.</summary>
    public MemberId OtherMember { get; init; }

    /// <summary>Free text.</summary>
    public string Note { get; init; } = "";

    /// <summary>The sum of one kind of move over money buckets.</summary>
    public long MoneyMinor(MoveKind kind)
    {
        long sum = 0;
        for (var i = 0; i < Moves.Count; i++)
        {
            sum = checked(sum + (Moves[i].Kind == kind && Moves[i].Bucket.IsMoney ? Moves[i].AmountMinor : 0));
        }

        return sum;
    }

    /// <summary>What the op lets the member owe: used credit and advances.</summary>
    public long OnAccountMinor => Moves.Where(move => move.IsOnAccount).Sum(move => move.AmountMinor);

    /// <summary>The sum of one kind of move over one bucket.</summary>
    public long AmountOf(MoveKind kind, Bucket bucket)
    {
        long sum = 0;
        for (var i = 0; i < Moves.Count; i++)
        {
            sum = checked(sum + (Moves[i].Kind == kind && Moves[i].Bucket == bucket ? Moves[i].AmountMinor : 0));
        }

        return sum;
    }
}
