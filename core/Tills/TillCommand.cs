using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tills;

/// <summary>What every money command of a till says of itself.</summary>
public sealed record TillContext(string RequestId, string Terminal, string Operator, long NowMs)
{
    /// <summary>Longest request id, terminal or operator name, characters.</summary>
    public const int LongestText = 64;

    /// <summary>Who is signed in at the till, proven by PIN; empty: nobody.</summary>
    public string Cashier { get; init; } = "";

    /// <summary>The second person, proven by PIN; empty: nobody.</summary>
    public string Approver { get; init; } = "";

    /// <summary>How the store stands with its hub.</summary>
    public StoreStanding Standing { get; init; }
}

/// <summary>A till wants value to be sold to a member.</summary>
public sealed record TopUpCommand(TillContext Context, MemberId Member, long AmountMinor)
{
    /// <summary>How it is paid.</summary>
    public Tender Tender { get; init; }
}

/// <summary>A till learned whether the stored payment of a top-up of this store was made.</summary>
public sealed record TenderCommand(TillContext Context, OpId Op, bool IsConfirmed);

/// <summary>A till or HQ's desk gives or takes value by hand: principal, points or bonus (<see cref="BucketKind.Lot"/>); above zero gives.</summary>
public sealed record AdjustCommand(TillContext Context, MemberId Member, BucketKind Kind, long DeltaMinor, string Reason);

/// <summary>A till wants a bill to be paid.</summary>
public sealed record SaleCommand(TillContext Context, MemberId Member, long BillMinor, long RedeemPoints, long OtherTenderMinor)
{
    /// <summary>Whether what is missing may go on account: not before the rights that lie elsewhere were asked for.</summary>
    public bool MayUseCredit { get; init; }

    /// <summary>Whether HQ denied the member any advance.</summary>
    public bool IsDenied { get; init; }
}

/// <summary>A till wants points to be spent outside a sale.</summary>
public sealed record RedeemCommand(TillContext Context, MemberId Member, long Points, string What);

/// <summary>A till wants an op undone to which this store has the right.</summary>
public sealed record VoidCommand(TillContext Context, OpId Op)
{
    /// <summary>The store's newest day close; it gave up every right from before.</summary>
    public long ClosedUpTo { get; init; }

    /// <summary>For a top-up that was spent: what cannot be taken back, the member owes.</summary>
    public bool AsReceivable { get; init; }
}

/// <summary>A till wants part of a sale given back to which this store has the right.</summary>
public sealed record RefundCommand(TillContext Context, OpId Op, long AmountMinor)
{
    /// <summary>The store's newest day close; it gave up every right from before.</summary>
    public long ClosedUpTo { get; init; }
}

/// <summary>A till registers a member.</summary>
public sealed record RegisterCommand(TillContext Context, MemberId Member, MemberProfile Profile);
