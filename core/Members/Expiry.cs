using SyncHub.Core.Ledger;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

/// <summary>The end of bonus lots (protocol.md 1.11): the free part goes to breakage at once, what stores hold when it comes back, each minor unit once.</summary>
/// <remarks>A store may still spend what it holds: it promised nothing that the hub took away meanwhile. Principal and points never expire.</remarks>
public static class Expiry
{
    /// <summary>What has to go to breakage on <paramref name="day"/>, or null where nothing does.</summary>
    public static LotsExpired? Find(MemberState member, int day)
    {
        List<LotBreakage>? lots = null;
        foreach (var bucket in member.Buckets)
        {
            if (bucket is { Bucket.Kind: BucketKind.Lot, Total: > 0 } && (bucket.Pool > 0 || Switches.IsOff(Mechanism.BreakageTakesOnlyWhatIsFree)) && !bucket.Bucket.Lot.IsValidOn(day))
            {
                (lots ??= []).Add(new LotBreakage(bucket.Bucket, checked(bucket.Breakage + (Switches.IsOff(Mechanism.BreakageTakesOnlyWhatIsFree) ? bucket.Total : bucket.Pool))));
            }
        }

        return lots is null ? null : new LotsExpired(day, lots);
    }

    /// <summary>Takes the lots' free part out of the wallet.</summary>
    public static OpOutcome Apply(LotsExpired expired, MemberState member)
    {
        long broken = 0;
        foreach (var (bucketId, total) in expired.Lots)
        {
            var bucket = member.BucketOf(bucketId);
            var delta = Math.Max(0, total - bucket.Breakage);
            checked
            {
                bucket.Breakage += delta;
                bucket.Pool -= delta;
                broken += delta;
            }
        }

        return OpOutcome.Normal(LedgerTransaction.Between(Accounts.WalletBonus, Accounts.Breakage, member.Currency, broken));
    }
}
