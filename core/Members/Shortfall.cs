using SyncHub.Core.Identity;
using SyncHub.Core.Ledger;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

/// <summary>More is held of a member than there is: a restored hub heard its stores out, and had forgotten that it once reclaimed what one of them goes on using (protocol.md 1.17).</summary>
/// <remarks>
/// Found only in a state as it was written, when all stores have been heard: while they report, a pool may be negative, and no turn leaves one so afterwards (I2).
/// What is held is reclaimed until the pool owes nothing: first of lives that were given up, whose lines are about to be released anyway, then the largest
/// holder first. What was spent already beyond the wallet the chain bears.
/// </remarks>
public static class Shortfall
{
    /// <summary>Written down as the approver of what was reclaimed so.</summary>
    public const string Approver = "restore of the hub";

    /// <summary>The next event that lessens a shortfall, or null where there is none.</summary>
    /// <param name="member">Whose.</param>
    /// <param name="context">Knows which lives were given up.</param>
    public static MemberEvent? Find(MemberState member, ITurnContext context)
    {
        foreach (var bucket in member.Buckets)
        {
            if (bucket.Pool >= 0)
            {
                continue;
            }

            if (bucket.Bucket == Bucket.Credit)
            {
                // A store held a right to so much credit, so headquarters had once allowed it.
                return new CreditLimitSet(checked(bucket.Total + member.Credit.UsedMinor - bucket.Pool)) { IsDerived = true };
            }

            return bucket.Lines.Where(line => line.Outstanding > 0).MaxBy(line => (context.ReclaimPayer(line.Holder) is not null, line.Outstanding)) is { } first
                ? new LinesReleased(first.Holder, ReleaseKind.Reclaimed, context.ReclaimPayer(first.Holder) ?? "", Approver, member.HeldBy(first.Holder))
                : new ShortfallBorne(bucket.Bucket, checked(bucket.Loss - bucket.Pool));
        }

        return null;
    }

    /// <summary>The chain bears what the member's wallet lacks.</summary>
    public static OpOutcome Apply(ShortfallBorne borne, MemberState member)
    {
        var bucket = member.BucketOf(borne.Bucket);
        var delta = Math.Max(0, borne.LossMinor - bucket.Loss);
        checked
        {
            bucket.Loss += delta;
            bucket.Pool += delta;
        }

        return OpOutcome.Normal(LedgerTransaction.Between(Accounts.HubLoss, Accounts.Wallet(borne.Bucket), borne.Bucket == Bucket.Points ? Asset.Points : member.Currency, delta));
    }
}

/// <summary>What was spent of a bucket beyond the wallet, after a restore of the hub, is borne by the chain.</summary>
/// <param name="Bucket">Which bucket; nobody holds anything of it any more.</param>
/// <param name="LossMinor">All that stores and the chain have borne of it; absolute, so that the event changes nothing when it is applied again.</param>
public sealed record ShortfallBorne(Bucket Bucket, long LossMinor) : MemberEvent;
