using SyncHub.Core.Members;
using SyncHub.Core.Primitives;

namespace SyncHub.Core.Rules;

/// <summary>A bill under a ruleset: what comes off, what is left to pay, what it earns.</summary>
/// <param name="DiscountMinor">Tier or bill discount.</param>
/// <param name="PointsValueMinor">What the redeemed points pay.</param>
/// <param name="PayableMinor">Bill less both.</param>
/// <param name="PointsEarned">Points for what is paid in money.</param>
public readonly record struct Price(long DiscountMinor, long PointsValueMinor, long PayableMinor, long PointsEarned)
{
    /// <summary>Prices a bill. The larger of the tier's and the bill's discount counts; nothing is earned on what points pay.</summary>
    /// <param name="rules">The ruleset.</param>
    /// <param name="lifetimeSpendMinor">What the member's tier is computed from.</param>
    /// <param name="billMinor">The bill.</param>
    /// <param name="points">Points to redeem; must be allowed by <see cref="FindRedeemFault"/>.</param>
    public static Price Of(Ruleset rules, long lifetimeSpendMinor, long billMinor, long points)
    {
        var tier = rules.TierFor(lifetimeSpendMinor);
        var step = rules.BillDiscounts.LastOrDefault(discount => billMinor >= discount.FromBillMinor);
        var byBill = step is null ? 0 : Placement.Scale(billMinor, step.DiscountPermille) + step.AmountOffMinor;
        var discount = Math.Min(billMinor, Math.Max(byBill, Placement.Scale(billMinor, tier.DiscountPermille)));
        var pointsValue = ValueOf(rules, points);
        var payable = Math.Max(0, billMinor - discount - pointsValue);
        return new Price(discount, pointsValue, payable, EarnedOn(rules, tier, payable));
    }

    /// <summary>Why these points cannot pay part of this bill, or null.</summary>
    public static string? FindRedeemFault(Ruleset rules, long billMinor, long points)
    {
        if (points == 0)
        {
            return null;
        }

        if (rules.Redeem.Points == 0)
        {
            return "This chain's points do not pay bills.";
        }

        if (points < 0 || points < rules.Redeem.MinimumPoints || points % rules.Redeem.Points != 0)
        {
            return $"Points are taken from {rules.Redeem.MinimumPoints} on, in steps of {rules.Redeem.Points}.";
        }

        var most = Placement.Scale(billMinor, rules.Redeem.MaxBillPermille);
        return ValueOf(rules, points) > most ? $"Points may pay at most {most} minor units of this bill." : null;
    }

    private static long ValueOf(Ruleset rules, long points) => rules.Redeem.Points == 0 ? 0 : points / rules.Redeem.Points * rules.Redeem.WorthMinor;

    private static long EarnedOn(Ruleset rules, Tier tier, long paidMinor) =>
        rules.Earn.PerMinor == 0 ? 0 : Math.Min(Amount.LargestMoveMinor, Placement.Scale(paidMinor / rules.Earn.PerMinor * rules.Earn.Points, tier.EarnPermille));
}
