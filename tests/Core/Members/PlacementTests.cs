using SyncHub.Core.Members;

namespace SyncHub.Core.Tests.Members;

public sealed class PlacementTests
{
    private const long Visits = 10 * MemberState.VisitUnit;
    private static readonly PlacementPolicy Policy = new();
    private static readonly BasketModel Always2000 = BasketModel.Of([.. Enumerable.Repeat(2_000L, 16)])!;

    [Fact]
    public void Free_money_goes_to_the_store_where_the_member_is_usually_seen()
    {
        var shift = Assert.Single(Plan(2_500, Usual(1, 8), Usual(2, 1)));

        Assert.Equal(Make.Holder(1), shift.Holder);
        Assert.InRange(shift.AmountMinor, 2_000, 2_500);
    }

    [Fact]
    public void Rights_are_given_in_whole_baskets()
    {
        var shifts = Plan(4_000, Usual(1, 5), Usual(2, 4));

        Assert.Equal([2_000, 2_000], shifts.Select(shift => shift.AmountMinor));
    }

    [Fact]
    public void What_is_too_little_for_two_stores_is_not_split() => Assert.Equal(Make.Holder(1), Assert.Single(Plan(3_000, Usual(1, 5), Usual(2, 4))).Holder);

    [Fact]
    public void A_store_that_is_offline_is_neither_given_rights_nor_asked_for_them()
    {
        var offline = new Site(Make.Holder(1), 8 * MemberState.VisitUnit, 9_000, MayGain: false, MayGive: false);

        Assert.All(Plan(3_000, offline, Usual(2, 1)), shift => Assert.Equal(Make.Holder(2), shift.Holder));
    }

    [Fact]
    public void Rights_at_a_store_of_one_visit_long_ago_are_asked_back_for_the_usual_one()
    {
        var shifts = Plan(0, Usual(1, 9), Usual(2, 0) with { HeldMinor = 5_000 });

        Assert.Contains(shifts, shift => shift.Holder == Make.Holder(1) && shift.AmountMinor >= 2_000);
        Assert.Contains(shifts, shift => shift.Holder == Make.Holder(2) && shift.AmountMinor <= -2_000);
    }

    [Fact]
    public void A_small_gain_is_not_worth_a_frame()
    {
        Site[] sites = [Usual(1, 5) with { HeldMinor = 2_000 }, Usual(2, 4) with { HeldMinor = 1_900 }];

        Assert.Empty(Placement.Plan(sites, Visits, 100, Always2000, Policy with { MinGainPermille = 500 }));
        Assert.NotEmpty(Placement.Plan(sites, Visits, 100, Always2000, Policy with { MinGainPermille = 10 }));
    }

    [Fact]
    public void The_more_a_stranded_wallet_matters_the_less_lies_at_one_store()
    {
        var (careless, careful) = (Plan(0), Plan(20_000));

        Assert.True(careful < careless, $"{careful} at the usual store, and {careless} where stranded value does not matter");

        long Plan(int strandedPermille) => Placement.Plan([Usual(1, 9)], Visits, 8_000, Always2000, Policy with { StrandedPermille = strandedPermille }).Sum(shift => shift.AmountMinor);
    }

    [Fact]
    public void What_the_floor_lets_through_anyway_is_not_stranded_at_a_second_store()
    {
        Site[] sites = [Usual(1, 7), Usual(2, 2)];

        var (without, with) = (AtSecond(0), AtSecond(2_000));

        Assert.True(without >= 2_000 && with == 0, $"{without} without a floor, {with} with one");

        long AtSecond(long floor) => Placement.Plan(sites, Visits, 6_000, Always2000, Policy, floor).Where(shift => shift.Holder == Make.Holder(2)).Sum(shift => shift.AmountMinor);
    }

    [Fact]
    public void Rights_and_floor_cover_a_basket_together()
    {
        // Nothing but baskets of 5,000 is worth a frame here, and 4,400 and the floor are enough for one.
        var baskets = BasketModel.Of([.. Enumerable.Repeat(5_000L, 16)])!;
        var policy = Policy with { MinGainPermille = 400 };

        Assert.Empty(Placement.Plan([Usual(1, 9)], Visits, 4_400, baskets, policy));
        Assert.Equal(4_400, Assert.Single(Placement.Plan([Usual(1, 9)], Visits, 4_400, baskets, policy, floorMinor: 600)).AmountMinor);
    }

    [Fact]
    public void A_plan_never_moves_more_than_there_is_and_comes_to_rest() => SeededRandom.ForEachSeed(2_000, seed =>
    {
        var random = new SeededRandom(seed);
        var baskets = BasketModel.Of([.. Enumerable.Range(0, (int)random.Between(1, 16)).Select(_ => random.Between(1, 5_000))])!;
        var policy = new PlacementPolicy { StrandedPermille = random.Below(2_000), StrandedWithFloorPermille = random.Below(2_000), FloorWorthPermille = random.Below(1_001), MinGainPermille = random.Below(60) };
        var pool = random.Between(0, 20_000);
        var floor = random.Chance(500) ? 0 : random.Between(1, 6_000);
        var sites = Enumerable.Range(1, (int)random.Between(1, 8)).Select(store =>
            new Site(Make.Holder(store), random.Chance(800) ? random.Between(1, Visits / 8) : 0, random.Chance(600) ? random.Between(0, 8_000) : 0, random.Chance(800), random.Chance(800))).ToArray();
        for (var round = 0; ; round++)
        {
            var shifts = Placement.Plan(sites, Visits, pool, baskets, policy, floor);
            Assert.Equal(shifts, Placement.Plan(sites, Visits, pool, baskets, policy, floor));
            if (shifts.Count == 0)
            {
                return;
            }

            Assert.True(round < 6, "the plan never comes to rest");
            foreach (var shift in shifts)
            {
                var index = Array.FindIndex(sites, site => site.Holder == shift.Holder);
                Assert.True(shift.AmountMinor > 0 ? sites[index].MayGain : sites[index].MayGive, $"{shift} is not allowed");
                sites[index] = sites[index] with { HeldMinor = sites[index].HeldMinor + shift.AmountMinor };
                pool -= shift.AmountMinor;
                Assert.True(sites[index].HeldMinor >= 0, $"{shift} takes more than is held");
            }

            Assert.True(pool >= 0, "more is given than is free and asked back");
        }
    });

    [Fact]
    public void Where_the_bounds_say_that_nothing_can_move_the_full_plan_moves_nothing()
    {
        var (bounded, moved) = (0, 0);
        SeededRandom.ForEachSeed(20_000, seed =>
        {
            var random = new SeededRandom(seed);
            var baskets = BasketModel.Of([.. Enumerable.Range(0, (int)random.Between(1, 16)).Select(_ => random.Between(1, 5_000))])!;
            var policy = random.Chance(500) ? Policy : new PlacementPolicy { StrandedPermille = random.Below(2_000), StrandedWithFloorPermille = random.Below(2_000), FloorWorthPermille = random.Below(1_001), MinGainPermille = random.Below(60) };
            var pool = random.Chance(500) ? 0 : random.Between(0, 20_000);
            var floor = random.Chance(500) ? 0 : random.Between(1, 6_000);
            var sites = Enumerable.Range(1, (int)random.Between(1, 4)).Select(store => new Site(Make.Holder(store), random.Chance(700) ? random.Between(1, (long)(random.Between(1, 33) * MemberState.VisitUnit)) : 0,
                random.Chance(500) ? random.Between(0, 8_000) : 0, random.Chance(700), random.Chance(700))).ToList();
            var visits = sites.Sum(site => site.Weight) + MemberState.VisitUnit;
            var shifts = Placement.Plan(sites, visits, pool, baskets, policy, floor);
            if (!Placement.MayMove(sites, visits, pool, policy, floor))
            {
                bounded++;
                Assert.Empty(shifts);
            }

            moved += shifts.Count > 0 ? 1 : 0;
        });
        Assert.True(bounded > 1_000 && moved > 1_000, $"{bounded} bounded, {moved} moved: the cases are one-sided");
    }

    [Fact]
    public void A_member_of_one_store_that_holds_everything_needs_no_plan() =>
        Assert.False(Placement.MayMove([Usual(1, 9) with { HeldMinor = 5_000 }], Visits, 0, Policy));

    [Fact]
    public void The_largest_amounts_do_not_overflow()
    {
        var baskets = BasketModel.Of([.. Enumerable.Range(1, 16).Select(i => i * 1_000_000_000_000L / 16)])!;

        var shifts = Placement.Plan([Usual(1, 5), Usual(2, 4) with { HeldMinor = 3_000_000_000_000 }], Visits, 5_000_000_000_000, baskets, Policy);

        Assert.NotEmpty(shifts);
        Assert.True(shifts.Sum(shift => shift.AmountMinor) <= 5_000_000_000_000);
    }

    private static Site Usual(int store, int visits) => new(Make.Holder(store), visits * MemberState.VisitUnit, 0, MayGain: true, MayGive: true);

    private static IReadOnlyList<Shift> Plan(long pool, params Site[] sites) => Placement.Plan(sites, Visits, pool, Always2000, Policy);
}
