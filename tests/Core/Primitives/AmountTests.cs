using SyncHub.Core.Primitives;

namespace SyncHub.Core.Tests.Primitives;

public sealed class AmountTests
{
    private static readonly Asset Yuan = new("CNY");

    [Fact]
    public void Amounts_of_one_asset_add_subtract_and_compare()
    {
        Assert.Equal(new Amount(5, Yuan), new Amount(2, Yuan) + new Amount(3, Yuan));
        Assert.Equal(new Amount(-1, Yuan), new Amount(2, Yuan) - new Amount(3, Yuan));
        Assert.Equal(new Amount(-2, Yuan), -new Amount(2, Yuan));
        Assert.True(new Amount(2, Yuan).CompareTo(new Amount(3, Yuan)) < 0);
        Assert.Equal("2 CNY", new Amount(2, Yuan).ToString());
    }

    [Fact]
    public void Amounts_never_wrap()
    {
        Assert.Throws<OverflowException>(() => new Amount(long.MaxValue, Yuan) + new Amount(1, Yuan));
        Assert.Throws<OverflowException>(() => new Amount(long.MinValue, Yuan) - new Amount(1, Yuan));
        Assert.Throws<OverflowException>(() => -new Amount(long.MinValue, Yuan));
    }

    [Fact]
    public void Amounts_of_two_assets_are_never_combined()
    {
        var money = new Amount(1, Yuan);
        var points = new Amount(1, Asset.Points);

        Assert.Throws<InvalidOperationException>(() => money + points);
        Assert.Throws<InvalidOperationException>(() => money - points);
        Assert.Throws<InvalidOperationException>(() => money.CompareTo(points));
    }

    [Theory]
    [InlineData(long.MinValue, false)]
    [InlineData(-1, false)]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(Amount.LargestRequestMinor, true)]
    [InlineData(Amount.LargestRequestMinor + 1, false)]
    [InlineData(long.MaxValue, false)]
    public void A_till_may_ask_for_1_up_to_the_limit(long minor, bool expected) => Assert.Equal(expected, Amount.IsRequestable(minor));
}
