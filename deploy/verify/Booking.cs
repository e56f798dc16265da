using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>The audit's own booking rules; the chart of accounts and the table that they follow are in README.md.</summary>
internal static class Booking
{
    public const string WalletPrincipal = "wallet/principal";
    public const string WalletBonus = "wallet/bonus";
    public const string WalletPoints = "wallet/points";
    public const string WalletPending = "wallet/pending";
    public const string Receivable = "member/receivable";
    public const string Breakage = "breakage";
    public const string HubLoss = "hub/loss";
    public const string Points = "POINTS";

    /// <summary>The entries that an op must have, by account and asset, debit positive, none of them zero.</summary>
    public static Dictionary<(string Account, string Asset), Int128> Expected(OpEnvelope op, long store, string currency, OpEffect effect)
    {
        var entries = new Dictionary<(string, string), Int128>();
        if (effect.IsParked)
        {
            return entries;
        }

        var undone = effect.UndoneAt ?? store;
        string OtherSide(bool isCredit, BucketKind kind) => effect.LatePayer is { Length: > 0 } late ? late : Other(op, isCredit, kind, store, undone);
        for (var i = 0; i < op.Moves.Count; i++)
        {
            var move = op.Moves[i];
            var kind = BucketKey.Of(move.Bucket).Kind;
            var asset = kind == BucketKind.Points ? Points : currency;
            Int128 amount = move.AmountMinor;
            var loss = effect.Losses[i];
            switch (move.Kind)
            {
                case MoveKind.Credit:
                    Add(entries, WalletOf(kind), asset, -amount);
                    Add(entries, OtherSide(isCredit: true, kind), asset, amount);
                    break;
                case MoveKind.Debit:
                    Add(entries, WalletOf(kind), asset, amount - loss);
                    Add(entries, effect.PayerOf(i) is { Length: > 0 } payer ? payer : $"store/{store}/loss", asset, loss);
                    Add(entries, OtherSide(isCredit: false, kind), asset, -amount);
                    break;
                case MoveKind.Advance:
                    Add(entries, Receivable, asset, amount);
                    Add(entries, OtherSide(isCredit: false, kind), asset, -amount);
                    break;
                case MoveKind.Settle:
                    Add(entries, Receivable, asset, loss - amount);
                    Add(entries, WalletPrincipal, asset, -loss);
                    Add(entries, OtherSide(isCredit: true, kind), asset, amount);
                    break;
                default:
                    // A right handed back changes who may spend, not what the member owns.
                    break;
            }
        }

        return entries;
    }

    /// <summary>Adds to a sum; sums that come to zero disappear.</summary>
    public static void Add(Dictionary<(string Account, string Asset), Int128> sums, string account, string asset, Int128 amount)
    {
        var sum = sums.GetValueOrDefault((account, asset)) + amount;
        if (sum == 0)
        {
            sums.Remove((account, asset));
        }
        else
        {
            sums[(account, asset)] = sum;
        }
    }

    /// <summary>The entries of value that came to a member from another one (positive amounts) or went there (negative).</summary>
    public static Dictionary<(string Account, string Asset), Int128> OfTransfer(IEnumerable<(BucketKind Kind, Int128 Amount)> amounts, string currency)
    {
        var entries = new Dictionary<(string, string), Int128>();
        foreach (var (kind, amount) in amounts)
        {
            var asset = kind == BucketKind.Points ? Points : currency;
            Add(entries, WalletOf(kind), asset, -amount);
            Add(entries, TransitOf(kind), asset, amount);
        }

        return entries;
    }

    private static string TransitOf(BucketKind kind) => kind switch
    {
        BucketKind.Principal => "transit/principal",
        BucketKind.Points => "transit/points",
        _ => "transit/bonus",
    };

    private static string WalletOf(BucketKind kind) => kind switch
    {
        BucketKind.Principal => WalletPrincipal,
        BucketKind.Points => WalletPoints,
        BucketKind.Pending => WalletPending,
        BucketKind.Credit => Receivable,
        _ => WalletBonus,
    };

    // An op either does (issue: value comes to the member; use: value goes) or, as a void or refund, undoes. An undone issue is a debit,
    // an undone use is a credit, and both go back to the account of the deed. Money that a sale or redemption credits was a use as well.
    private static string Other(OpEnvelope op, bool isCredit, BucketKind kind, long store, long undoneAt)
    {
        var type = op.Type;
        if (kind == BucketKind.Pending || (type == OpType.Adjust && op.Reference is null))
        {
            return kind == BucketKind.Pending ? $"store/{store}/tender-pending" : $"store/{store}/adjustments";
        }

        if (type is OpType.AliasOut or OpType.AliasIn)
        {
            return TransitOf(kind);
        }

        if (kind == BucketKind.Credit)
        {
            return $"store/{undoneAt}/sales";
        }

        var undoes = type is OpType.Void or OpType.Refund;
        var isIssue = kind == BucketKind.Points
            ? isCredit != undoes
            : undoes ? !isCredit : isCredit && (type is OpType.TopUp or OpType.Adjust);
        return (kind, isIssue) switch
        {
            (BucketKind.Points, true) => $"store/{undoneAt}/points-granted",
            (BucketKind.Points, false) => $"store/{undoneAt}/points-redeemed",
            (BucketKind.Principal, true) => $"store/{store}/cash",
            (_, true) => $"store/{undoneAt}/bonus-granted",
            _ => $"store/{undoneAt}/sales",
        };
    }
}
