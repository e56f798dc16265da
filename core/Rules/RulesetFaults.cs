using SyncHub.Core.Primitives;

namespace SyncHub.Core.Rules;

/// <summary>What makes no sense in a ruleset, each with the key as it is written. The upper bounds keep every price and bonus within a move of an op.</summary>
internal static class RulesetFaults
{
    private const long Most = Amount.LargestRequestMinor;
    private const int MostMonths = 1200;
    private const long MostPoints = 1_000_000;
    private const int MostEarnPermille = 100_000;

    /// <summary>All faults.</summary>
    public static IEnumerable<string> Find(Ruleset ruleset)
    {
        if (ruleset.Version < 1)
        {
            yield return "version: must be 1 or more.";
        }

        if (ruleset.Currency.Length != 3)
        {
            yield return "currency: must be an ISO 4217 code such as CNY.";
        }

        if (ruleset.SpendOrder == SpendOrder.Unspecified)
        {
            yield return "spendOrder: must be bonusFirst, principalFirst or proportional.";
        }

        if (!IsRising(ruleset.TopUp.Steps.Select(step => step.FromMinor)) || ruleset.TopUp.Steps.Any(step => step.FromMinor is <= 0 or > Most || step.BonusMinor is < 0 or > Most))
        {
            yield return $"topUp.steps: fromMinor must be 1 to {Most} and rise from step to step, bonusMinor must be 0 to {Most}.";
        }

        if (ruleset.TopUp.BonusValidMonths is < 0 or > MostMonths)
        {
            yield return $"topUp.bonusValidMonths: must be 0 (never expires) to {MostMonths}.";
        }

        if (ruleset.TopUp.UnacknowledgedLimitMinor is < 0 or > Amount.LargestMoveMinor)
        {
            yield return $"topUp.unacknowledgedLimitMinor: must be 0 (no limit) to {Amount.LargestMoveMinor}.";
        }

        if (ruleset.Floor.PerMemberMinor is < 0 or > Most || ruleset.Floor.StoreBudgetMinor is < 0 or > Amount.LargestMoveMinor)
        {
            yield return $"floor: perMemberMinor must be 0 (off) to {Most}, storeBudgetMinor 0 (off) to {Amount.LargestMoveMinor}.";
        }

        if (ruleset.Cashiers is { ApprovalAboveMinor: < 0 or > Most })
        {
            yield return $"cashiers.approvalAboveMinor: must be 0 (never) to {Most}.";
        }

        if (ruleset.Earn.PerMinor is < 0 or > Most || ruleset.Earn.Points is < 0 or > MostPoints)
        {
            yield return $"earn: perMinor must be 0 to {Most}, points 0 to {MostPoints}.";
        }

        if (ruleset.Redeem.Points is < 0 or > Most || ruleset.Redeem.WorthMinor is < 0 or > Most || ruleset.Redeem.MinimumPoints is < 0 or > Most || ruleset.Redeem.MaxBillPermille is < 0 or > 1000)
        {
            yield return $"redeem: points, worthMinor and minimumPoints must be 0 to {Most}, maxBillPermille 0 to 1000.";
        }

        if (!IsRising(ruleset.Tiers.Select(tier => tier.FromSpendMinor)) || ruleset.Tiers.Any(tier => tier.DiscountPermille is < 0 or > 1000 || tier.EarnPermille is < 0 or > MostEarnPermille || tier.Name.Length == 0))
        {
            yield return $"tiers: each needs a name, fromSpendMinor must rise, discountPermille must be 0 to 1000, earnPermille 0 to {MostEarnPermille}.";
        }

        if (!IsRising(ruleset.BillDiscounts.Select(discount => discount.FromBillMinor))
            || ruleset.BillDiscounts.Any(discount => discount.FromBillMinor > Most || discount.DiscountPermille is < 0 or > 1000 || discount.AmountOffMinor < 0 || discount.AmountOffMinor > discount.FromBillMinor))
        {
            yield return $"billDiscounts: fromBillMinor must rise up to {Most}, discountPermille must be 0 to 1000, amountOffMinor 0 to fromBillMinor.";
        }
    }

    private static bool IsRising(IEnumerable<long> values)
    {
        long? previous = null;
        foreach (var value in values)
        {
            if (value <= previous)
            {
                return false;
            }

            previous = value;
        }

        return true;
    }
}
