using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tills;

/// <summary>Chooses the lot that a new bonus goes into.</summary>
/// <remarks>
/// A lot is (origin store, terms, expiry), and expiry is the end of a month, so most bonuses find their lot by themselves. A member with
/// <see cref="MostLiveLots"/> live lots gets no new one where an own lot that lasts at least as long as promised will do; where none does,
/// the expiry is put off to the end of its year, so that each store adds at most one lot for each year and terms. A promised validity is
/// never shortened, and a lot never changes its origin: settlement between stores is counted from it.
/// </remarks>
public static class LotChoice
{
    /// <summary>From this number of live lots on bonuses are put together; each lot is a right line at every store that holds some of it.</summary>
    public const int MostLiveLots = 8;

    /// <summary>The lot for a bonus that <paramref name="store"/> gives on <paramref name="day"/>.</summary>
    public static LotId For(Ruleset rules, MemberHere member, StoreId store, int day)
    {
        var promised = new LotId(store, rules.Version, rules.TopUp.BonusValidMonths == 0 ? 0 : Calendar.EndOfMonthAfter(day, rules.TopUp.BonusValidMonths));
        var live = member.Buckets.Where(bucket => bucket.Kind == BucketKind.Lot && bucket.IsValidOn(day) && (member.ConfirmedOf(bucket) > 0 || member.LineOf(bucket).Available > 0))
            .Select(bucket => bucket.Lot).ToArray();
        if (promised.ExpiryDay == 0 || live.Length < MostLiveLots || live.Contains(promised))
        {
            return promised;
        }

        var lasting = live.Where(lot => lot.OriginStore == store && lot.Terms == promised.Terms && lot.IsValidOn(promised.ExpiryDay)).Order().ToArray();
        return lasting.Length > 0 ? lasting[0] : promised with { ExpiryDay = Calendar.EndOfYear(promised.ExpiryDay) };
    }
}
