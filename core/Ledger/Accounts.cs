using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Ledger;

/// <summary>The chart of accounts (docs/ledger.md). Wallet accounts are control accounts: their sub-ledger is the members' buckets.</summary>
public static class Accounts
{
    /// <summary>What the chain owes its members as principal; a credit balance.</summary>
    public const string WalletPrincipal = "wallet/principal";

    /// <summary>What the chain owes its members as bonus money; a credit balance.</summary>
    public const string WalletBonus = "wallet/bonus";

    /// <summary>Points that members hold; a credit balance.</summary>
    public const string WalletPoints = "wallet/points";

    /// <summary>Top-ups whose payment may still be declined; a credit balance.</summary>
    public const string WalletPending = "wallet/pending";

    /// <summary>What members owe the chain; a debit balance.</summary>
    public const string MemberReceivable = "member/receivable";

    /// <summary>Bonus money that expired unspent; the chain owes it no more.</summary>
    public const string Breakage = "breakage";

    /// <summary>Money that a store took for top-ups.</summary>
    public static string Cash(StoreId store) => $"store/{store}/cash";

    /// <summary>Card payments for top-ups that a store has stored and not been paid yet.</summary>
    public static string TenderPending(StoreId store) => $"store/{store}/tender-pending";

    /// <summary>Value that a store gave or took by hand.</summary>
    public static string Adjustments(StoreId store) => $"store/{store}/adjustments";

    /// <summary>What a store sold against wallets.</summary>
    public static string Sales(StoreId store) => $"store/{store}/sales";

    /// <summary>Bonus money that a store gave away with top-ups.</summary>
    public static string BonusGranted(StoreId store) => $"store/{store}/bonus-granted";

    /// <summary>Points that a store gave.</summary>
    public static string PointsGranted(StoreId store) => $"store/{store}/points-granted";

    /// <summary>Points that a store took in.</summary>
    public static string PointsRedeemed(StoreId store) => $"store/{store}/points-redeemed";

    /// <summary>What a store bears because it used rights that nobody backed.</summary>
    public static string Loss(StoreId store) => $"store/{store}/loss";

    /// <summary>What the chain bears because a restored hub had forgotten what it gave to whom.</summary>
    public const string HubLoss = "hub/loss";

    /// <summary>Value of a bucket's kind between two members of a merge; zero when nothing is under way.</summary>
    public static string Transit(Bucket bucket) => bucket.Kind switch
    {
        BucketKind.Principal => "transit/principal",
        BucketKind.Points => "transit/points",
        _ => "transit/bonus",
    };

    /// <summary>Whether an account counts what somebody bears because a wallet could not.</summary>
    public static bool IsLoss(string account) => account.EndsWith("/loss", StringComparison.Ordinal);

    /// <summary>The control account of a bucket.</summary>
    public static string Wallet(Bucket bucket) => bucket.Kind switch
    {
        BucketKind.Principal => WalletPrincipal,
        BucketKind.Points => WalletPoints,
        BucketKind.Pending => WalletPending,
        BucketKind.Credit => MemberReceivable,
        _ => WalletBonus,
    };

    /// <summary>Longest name of an account that a person chose.</summary>
    public const int LongestPayer = 60;

    /// <summary>Whether a person may name this account as the one that bears a loss.</summary>
    public static bool IsPayer(string account) => account.Length <= LongestPayer && IsLoss(account) && account.Length > 5
        && account.All(letter => letter is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '/');
}
