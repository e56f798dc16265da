using SyncHub.Core.Members;

namespace SyncHub.Core.Tests.Members;

public sealed class BasketModelTests
{
    [Fact]
    public void Without_a_purchase_nothing_is_known() => Assert.Null(BasketModel.Of([]));

    [Fact]
    public void Larger_amounts_are_never_less_likely_to_suffice_and_none_is_sure_to()
    {
        var model = BasketModel.Of([300, 100, 100, 5_000])!;
        var within = Enumerable.Range(0, 60).Select(i => model.Within(i * 100)).ToArray();

        Assert.Equal(within.Order(), within);
        Assert.Equal(0, model.Within(0));
        Assert.True(model.Within(long.MaxValue) < model.Total);
    }

    [Fact]
    public void The_more_purchases_are_known_the_more_they_count()
    {
        var (few, many) = (BasketModel.Of([1_000])!, BasketModel.Of([.. Enumerable.Repeat(1_000L, 16)])!);

        Assert.True(many.Within(1_000) * few.Total > few.Within(1_000) * many.Total);
    }

    [Theory]
    [InlineData(99, 0)]
    [InlineData(100, 8)]
    [InlineData(199, 8)]
    [InlineData(200, 16)]
    public void An_own_purchase_steps_up_at_its_very_amount(long amount, int own)
    {
        var model = BasketModel.Of([100, 200, 100_000, 100_000, 100_000])!; // the shape of a median of 100,000 begins at 40,000

        Assert.Equal(own, model.Within(amount));
        Assert.Equal(100_000, model.LargestOwnMinor);
    }
}
