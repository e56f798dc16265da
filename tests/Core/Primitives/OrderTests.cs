using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Primitives;

public sealed class OrderTests
{
    [Fact]
    public void Lots_sort_by_expiry_with_the_undying_last_then_by_origin_and_terms()
    {
        LotId[] expected =
        [
            new(new StoreId(9), 9, 10),
            new(new StoreId(1), 1, 20),
            new(new StoreId(1), 2, 20),
            new(new StoreId(2), 1, 20),
            new(new StoreId(1), 1, 0),
            new(new StoreId(3), 1, 0),
        ];

        Assert.Equal(expected, expected.Reverse().Order());
    }

    [Theory]
    [InlineData(100, 99, true)]
    [InlineData(100, 100, true)]
    [InlineData(100, 101, false)]
    [InlineData(0, int.MaxValue, true)]
    public void A_lot_is_valid_up_to_and_on_its_last_day(int expiry, int day, bool expected) =>
        Assert.Equal(expected, new LotId(new StoreId(1), 1, expiry).IsValidOn(day));

    [Fact]
    public void Buckets_sort_principal_points_then_lots()
    {
        Bucket[] expected = [Bucket.Principal, Bucket.Points, Make.Lot, Make.LaterLot];

        Assert.Equal(expected, expected.Reverse().Order());
        Assert.Equal([true, false, true, true], expected.Select(bucket => bucket.IsMoney));
    }

    [Fact]
    public void An_incarnation_carries_its_term_above_its_number_and_sorts_by_it()
    {
        Assert.Equal("2.7", Incarnation.Of(2, 7).ToString());
        Assert.True(Incarnation.Of(1, int.MaxValue).CompareTo(Incarnation.Of(2, 0)) < 0);
        Assert.True(Make.Holder(1).CompareTo(Make.Holder(2)) < 0);
        Assert.Equal("1/1.1#5", Make.Id(5).ToString());
    }
}
