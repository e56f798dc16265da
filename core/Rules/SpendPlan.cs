using SyncHub.Core.Wallets;

namespace SyncHub.Core.Rules;

/// <summary>Chooses which buckets pay. The store writes its choice into the op; nobody chooses again.</summary>
public static class SpendPlan
{
    /// <summary>Takes <paramref name="amountMinor"/> from buckets with these amounts.</summary>
    /// <param name="order">The chain's policy.</param>
    /// <param name="money">Money buckets with what each could give; expired lots left out by the caller.</param>
    /// <param name="amountMinor">What is to be paid.</param>
    /// <returns>What each bucket gives, in the order of spending; less than asked for in sum where there is not enough.</returns>
    public static IReadOnlyList<(Bucket Bucket, long AmountMinor)> Take(SpendOrder order, IReadOnlyList<(Bucket Bucket, long AmountMinor)> money, long amountMinor)
    {
        var bonus = money.Where(pot => pot.Bucket.Kind == BucketKind.Lot && pot.AmountMinor > 0).OrderBy(pot => pot.Bucket).ToArray();
        var principal = money.Where(pot => pot.Bucket.Kind == BucketKind.Principal && pot.AmountMinor > 0).ToArray();
        return order switch
        {
            SpendOrder.PrincipalFirst => InTurn([.. principal, .. bonus], amountMinor),
            SpendOrder.Proportional => Proportional(principal, bonus, amountMinor),
            _ => InTurn([.. bonus, .. principal], amountMinor),
        };
    }

    private static List<(Bucket Bucket, long AmountMinor)> InTurn(IEnumerable<(Bucket Bucket, long AmountMinor)> pots, long amount)
    {
        var taken = new List<(Bucket, long)>();
        foreach (var (bucket, has) in pots)
        {
            var part = Math.Min(has, amount);
            if (part > 0)
            {
                taken.Add((bucket, part));
                amount -= part;
            }
        }

        return taken;
    }

    // The bonus part is rounded down; the odd minor unit is the principal's, as far as it reaches.
    private static List<(Bucket Bucket, long AmountMinor)> Proportional((Bucket Bucket, long AmountMinor)[] principal, (Bucket Bucket, long AmountMinor)[] bonus, long amount)
    {
        var inPrincipal = principal.Sum(pot => pot.AmountMinor);
        var inBonus = bonus.Sum(pot => pot.AmountMinor);
        var total = inPrincipal + inBonus;
        var wanted = Math.Min(amount, total);
        if (total == 0)
        {
            return [];
        }

        var fromBonus = (long)((Int128)wanted * inBonus / total);
        fromBonus = Math.Max(fromBonus, wanted - inPrincipal);
        return [.. InTurn(bonus, fromBonus), .. InTurn(principal, wanted - fromBonus)];
    }
}
