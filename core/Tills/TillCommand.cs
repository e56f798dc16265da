using SyncHub.Core.Members;
using SyncHub.Core.Primitives;

namespace SyncHub.Core.Tills;

/// <summary>What every money command of a till says of itself.</summary>
public sealed record TillContext(string RequestId, string Terminal, string Operator, long NowMs)
{
    /// <summary>Longest request id, terminal or operator name, characters.</summary>
    public const int LongestText = 64;
}

/// <summary>A till wants value to be sold to a member.</summary>
public sealed record TopUpCommand(TillContext Context, MemberId Member, long AmountMinor);

/// <summary>A till wants a bill to be paid.</summary>
public sealed record SaleCommand(TillContext Context, MemberId Member, long BillMinor, long RedeemPoints, long OtherTenderMinor);

/// <summary>A till wants points to be spent outside a sale.</summary>
public sealed record RedeemCommand(TillContext Context, MemberId Member, long Points, string What);

/// <summary>A till wants an op of this store undone.</summary>
public sealed record VoidCommand(TillContext Context, OpId Op);

/// <summary>A till wants part of a sale of this store given back.</summary>
public sealed record RefundCommand(TillContext Context, OpId Op, long AmountMinor);

/// <summary>A till registers a member.</summary>
public sealed record RegisterCommand(TillContext Context, MemberId Member, MemberProfile Profile);
