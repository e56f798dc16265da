using SyncHub.Core.Primitives;

namespace SyncHub.Core.Members;

/// <summary>Decides how much of a member's money should lie ready at which store.</summary>
public static class Placement
{
    /// <summary>The allowance of each usual store in money, most visited first; the rest of the wallet stays free at the hub.</summary>
    public static IReadOnlyList<(StoreId Store, long AllowanceMinor)> Allowances(MemberState member, PlacementPolicy policy)
    {
        var left = member.MoneyMinor;
        var basket = Scale(member.LargestBasketMinor, policy.BasketPermille);
        var allowances = new List<(StoreId, long)>(policy.UsualStores);
        foreach (var visit in member.Visits.Take(policy.UsualStores))
        {
            var wanted = allowances.Count == 0 ? Math.Max(basket, Scale(member.MoneyMinor, policy.HomePermille)) : basket;
            var allowance = Math.Clamp(wanted, 0, Math.Max(0, left));
            allowances.Add((visit.Store, allowance));
            left -= allowance;
        }

        return allowances;
    }

    /// <summary><paramref name="amount"/> in thousandths, rounded down, without overflow.</summary>
    public static long Scale(long amount, int permille) => (long)((Int128)amount * permille / 1000);

    /// <summary>The share of one bucket in an allowance, in proportion to the bucket's part of the wallet; rounded down.</summary>
    public static long ShareOf(long allowance, long bucketTotal, long walletTotal) =>
        walletTotal <= 0 ? 0 : (long)((Int128)allowance * bucketTotal / walletTotal);
}
