using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Tills;

public sealed class LotChoiceTests
{
    private static readonly int Today = Calendar.DayOf(Make.NowMs);
    private static readonly int Promised = Calendar.EndOfMonthAfter(Today, 1);
    private static readonly StoreId Here = new(1);

    [Fact]
    public void Below_the_cap_a_bonus_gets_the_lot_of_its_own_month() =>
        Assert.Equal(new LotId(Here, 1, Promised), Choose(Foreign(7)));

    [Fact]
    public void At_the_cap_a_bonus_goes_into_the_own_lot_that_ends_next_after_the_promise()
    {
        LotId[] own = [new(Here, 1, Promised - 30), new(Here, 1, Promised + 60), new(Here, 1, Promised + 30)];
        Assert.Equal(new LotId(Here, 1, Promised + 30), Choose([.. Foreign(5), .. own]));
    }

    [Fact]
    public void At_the_cap_without_an_own_lot_that_lasts_the_bonus_lasts_to_the_end_of_the_year_and_the_next_one_joins_it()
    {
        LotId[] lots = [.. Foreign(7), new(Here, 1, Promised - 30)];
        var chosen = Choose(lots);
        Assert.Equal(new LotId(Here, 1, Calendar.EndOfYear(Promised)), chosen);
        Assert.Equal(chosen, Choose([.. lots, chosen]));
    }

    [Fact]
    public void Lots_that_are_empty_or_expired_do_not_count_and_other_terms_are_not_mixed()
    {
        Assert.Equal(new LotId(Here, 1, Promised), Choose([.. Foreign(7), new(new StoreId(9), 1, Today - 1)]));
        Assert.Equal(new LotId(Here, 1, Calendar.EndOfYear(Promised)), Choose([.. Foreign(7), new(Here, 2, Promised + 30)]));
    }

    [Fact]
    public void A_bonus_that_never_expires_keeps_its_lot() =>
        Assert.Equal(new LotId(Here, 1, 0), LotChoice.For(Make.Rules with { TopUp = Make.Rules.TopUp with { BonusValidMonths = 0 } }, Member(Foreign(9)), Here, Today));

    private static LotId[] Foreign(int count) => [.. Enumerable.Range(1, count).Select(number => new LotId(new StoreId(number + 20), 1, Promised))];

    private static LotId Choose(params LotId[] lots) => LotChoice.For(Make.Rules, Member(lots), Here, Today);

    private static MemberHere Member(LotId[] lots) => Make.Here([.. lots.Select(lot => (Bucket.Of(lot), 10L))]);
}
