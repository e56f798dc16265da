using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>What a member owes, and the credit that rights are given out of.</summary>
internal sealed partial class MemberFold
{
    public CreditFold Credit { get; } = new();

    /// <summary>HQ set the limit: what is above the credit in being is freed, what is free above the limit goes.</summary>
    public void SetLimit(Int128 limit)
    {
        Credit.Limit = limit;
        var bucket = BucketOf(BucketKey.Credit);
        bucket.Free(Int128.Max(0, limit - bucket.Total - Credit.Used));
        Withdraw();
    }

    /// <summary>Free principal settles.</summary>
    public void SettleFromPool(Int128 amount)
    {
        BucketOf(BucketKey.Principal).Pay(amount);
        Credit.Settled += amount;
        Settle(amount, null);
    }

    private Int128 ApplyOnAccount(OpEnvelope op, Move move, ProducerId holder)
    {
        Int128 amount = move.AmountMinor;
        switch (move.Kind, op.Type)
        {
            case (MoveKind.Advance, OpType.Void):
                Credit.Owed += amount;
                return 0;
            case (MoveKind.Advance, _):
                Credit.Advance(holder, amount);
                return 0;
            default:
                var debt = Int128.Min(amount, Credit.Receivable);
                Settle(debt, holder);
                BucketOf(BucketKey.Principal).Free(amount - debt);
                return amount - debt;
        }
    }

    private void FollowCredit(Move move, Int128 loss)
    {
        if (BucketKey.Of(move.Bucket) == BucketKey.Credit)
        {
            Credit.Used += move.Kind == MoveKind.Debit ? move.AmountMinor - loss : 0;
            Withdraw();
        }
    }

    private void Settle(Int128 amount, ProducerId? first)
    {
        var freed = Credit.Settle(amount, first);
        if (freed > 0)
        {
            BucketOf(BucketKey.Credit).Free(freed);
            Withdraw();
        }
    }

    private void Withdraw()
    {
        var bucket = BucketOf(BucketKey.Credit);
        var excess = bucket.Total + Credit.Used - Credit.Limit;
        bucket.Break(bucket.Breakage + Int128.Max(0, Int128.Min(excess, bucket.Pool)));
    }
}
