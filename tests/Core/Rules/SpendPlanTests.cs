using SyncHub.Core.Rules;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Rules;

public sealed class SpendPlanTests
{
    public static TheoryData<SpendOrder, long, long, long, long> Plans => new()
    {
        // order, amount -> from principal (100), from the lot that expires first (30), from the later lot (20)
        { SpendOrder.BonusFirst, 10, 0, 10, 0 },
        { SpendOrder.BonusFirst, 40, 0, 30, 10 },
        { SpendOrder.BonusFirst, 60, 10, 30, 20 },
        { SpendOrder.PrincipalFirst, 10, 10, 0, 0 },
        { SpendOrder.PrincipalFirst, 110, 100, 10, 0 },
        { SpendOrder.PrincipalFirst, 140, 100, 30, 10 },
        { SpendOrder.Proportional, 3, 2, 1, 0 },
        { SpendOrder.Proportional, 4, 3, 1, 0 },
        { SpendOrder.Proportional, 120, 80, 30, 10 },
        { SpendOrder.Proportional, 150, 100, 30, 20 },
        { SpendOrder.Proportional, 151, 100, 30, 20 },
        { SpendOrder.BonusFirst, 1_000, 100, 30, 20 },
        { SpendOrder.PrincipalFirst, 0, 0, 0, 0 },
        { SpendOrder.Proportional, 0, 0, 0, 0 },
    };

    [Theory]
    [MemberData(nameof(Plans))]
    public void The_order_of_spending_decides_what_pays(SpendOrder order, long amount, long principal, long lot, long laterLot)
    {
        (Bucket, long)[] money = [(Make.LaterLot, 20), (Bucket.Principal, 100), (Make.Lot, 30)];

        var plan = SpendPlan.Take(order, money, amount);

        long Of(Bucket bucket) => plan.Where(part => part.Bucket == bucket).Sum(part => part.AmountMinor);
        Assert.Equal((principal, lot, laterLot), (Of(Bucket.Principal), Of(Make.Lot), Of(Make.LaterLot)));
        Assert.All(plan, part => Assert.True(part.AmountMinor > 0));
    }

    [Fact]
    public void No_plan_takes_more_than_there_is_or_another_sum_than_asked() => SeededRandom.ForEachSeed(2_000, seed =>
    {
        var random = new SeededRandom(seed);
        (Bucket Bucket, long Has)[] money = [(Bucket.Principal, random.Between(0, 1_000)), (Make.Lot, random.Between(0, 1_000)), (Make.LaterLot, random.Between(0, long.MaxValue / 8))];
        var amount = random.Between(0, 3_000);

        var plan = SpendPlan.Take((SpendOrder)random.Between(1, 3), money, amount);

        Assert.Equal(Math.Min(amount, money.Sum(pot => pot.Has)), plan.Sum(part => part.AmountMinor));
        Assert.All(plan, part => Assert.InRange(part.AmountMinor, 1, money.Single(pot => pot.Bucket == part.Bucket).Has));
        Assert.Equal(plan.Count, plan.Select(part => part.Bucket).Distinct().Count());
    });
}
