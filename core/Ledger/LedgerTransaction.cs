using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Ledger;

/// <summary>The double-entry side of one op. Its entries sum to zero for each asset (I3), or it is not built.</summary>
public sealed class LedgerTransaction
{
    /// <summary>A transaction without entries.</summary>
    public static readonly LedgerTransaction Empty = new([]);

    private LedgerTransaction(IReadOnlyList<LedgerEntry> entries) => Entries = entries;

    /// <summary>The entries, one per account and asset, ordered by account.</summary>
    public IReadOnlyList<LedgerEntry> Entries { get; }

    /// <summary>Books the moves of <paramref name="op"/>.</summary>
    /// <param name="op">The op; relinquishments book nothing, because the member's value does not change.</param>
    /// <param name="currency">The asset of money buckets.</param>
    /// <param name="losses">For each move: the part of a debit that the wallet could not carry and the store bears; of a settlement, the part that is principal again.</param>
    /// <param name="payerOf">For the n-th move: the account that bears such a part; null = the store's own loss account.</param>
    /// <param name="undoneAt">For a void or refund: the store whose op is undone, where it is another one.</param>
    /// <param name="latePayer">For a void or refund under a right that was reclaimed: the account that stands in for the store whose op is undone; empty = none.</param>
    /// <exception cref="InvalidOperationException">I3: the entries do not sum to zero.</exception>
    public static LedgerTransaction Of(Op op, Asset currency, ReadOnlySpan<long> losses, Func<int, string>? payerOf = null, StoreId? undoneAt = null, string latePayer = "")
    {
        var sums = new LedgerSums(2 * op.Moves.Count);
        var store = op.Id.Holder.Store;
        for (var i = 0; i < op.Moves.Count; i++)
        {
            var move = op.Moves[i];
            if (move.Kind is not (MoveKind.Credit or MoveKind.Debit or MoveKind.Advance or MoveKind.Settle))
            {
                continue;
            }

            var asset = move.Bucket == Bucket.Points ? Asset.Points : currency;
            var otherSide = latePayer.Length > 0 ? latePayer : Counterpart(op, move, store, undoneAt ?? store);
            switch (move.Kind)
            {
                case MoveKind.Credit:
                    sums.Add(Accounts.Wallet(move.Bucket), asset, -move.AmountMinor);
                    sums.Add(otherSide, asset, move.AmountMinor);
                    break;
                case MoveKind.Debit:
                    sums.Add(Accounts.Wallet(move.Bucket), asset, move.AmountMinor - losses[i]);
                    if (losses[i] != 0)
                    {
                        sums.Add(payerOf?.Invoke(i) ?? Accounts.Loss(store), asset, losses[i]);
                    }

                    sums.Add(otherSide, asset, -move.AmountMinor);
                    break;
                case MoveKind.Advance:
                    sums.Add(Accounts.MemberReceivable, asset, move.AmountMinor);
                    sums.Add(otherSide, asset, -move.AmountMinor);
                    break;
                default:
                    sums.Add(Accounts.MemberReceivable, asset, losses[i] - move.AmountMinor);
                    sums.Add(Accounts.WalletPrincipal, asset, -losses[i]);
                    sums.Add(otherSide, asset, move.AmountMinor);
                    break;
            }
        }

        return Validated(sums);
    }

    /// <summary>Books <paramref name="amount"/> from one account to another: debit the first, credit the second.</summary>
    public static LedgerTransaction Between(string debit, string credit, Asset asset, long amount)
    {
        var sums = new LedgerSums(2);
        sums.Add(debit, asset, amount);
        sums.Add(credit, asset, -amount);
        return Validated(sums);
    }

    /// <summary>Books value that left one member for another (sent) or arrived there (taken).</summary>
    public static LedgerTransaction OfTransfer(IReadOnlyList<BucketTotal> amounts, Asset currency, bool isSent)
    {
        var sums = new LedgerSums(2 * amounts.Count);
        foreach (var (bucket, amount) in amounts)
        {
            var asset = bucket.IsMoney ? currency : Asset.Points;
            var toWallet = isSent ? amount : -amount;
            sums.Add(Accounts.Wallet(bucket), asset, toWallet);
            sums.Add(Accounts.Transit(bucket), asset, -toWallet);
        }

        return Validated(sums);
    }

    private static LedgerTransaction Validated(LedgerSums sums)
    {
        var entries = sums.ToEntries();
        if (LedgerSums.FindUnbalanced(entries) is { } asset)
        {
            throw new InvalidOperationException($"I3 broken: entries in {asset} do not sum to zero.");
        }

        return entries.Length == 0 ? Empty : new LedgerTransaction(entries);
    }

    // A void or refund books against the account that the op it undoes had used, so that the two cancel out; only cash is that of the till which
    // hands it out. A payment that was confirmed is booked as the top-up would have been.
    private static string Counterpart(Op op, Move move, StoreId store, StoreId undoneAt)
    {
        if (op.Type is OpType.AliasOut or OpType.AliasIn)
        {
            return Accounts.Transit(move.Bucket);
        }

        if (move.Bucket == Bucket.Pending)
        {
            return Accounts.TenderPending(store);
        }

        if (op is { Type: OpType.Adjust, Reference: null })
        {
            return Accounts.Adjustments(store);
        }

        var undoing = op.Type is OpType.Void or OpType.Refund;
        var grantedHere = (op.Type is OpType.TopUp or OpType.Adjust && move.Kind == MoveKind.Credit) || (undoing && (move.Kind is MoveKind.Debit or MoveKind.Advance));
        return move.Bucket.Kind switch
        {
            BucketKind.Credit => Accounts.Sales(undoneAt),
            BucketKind.Principal => grantedHere ? Accounts.Cash(store) : Accounts.Sales(undoneAt),
            BucketKind.Lot => grantedHere ? Accounts.BonusGranted(undoneAt) : Accounts.Sales(undoneAt),
            _ => (move.Kind == MoveKind.Credit) != undoing ? Accounts.PointsGranted(undoneAt) : Accounts.PointsRedeemed(undoneAt),
        };
    }
}
