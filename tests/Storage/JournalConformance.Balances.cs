namespace SyncHub.Storage.Tests;

public abstract partial class JournalConformance
{
    [Fact]
    public async Task Balances_add_up_over_batches_and_partitions()
    {
        await Journal.CommitAsync(Make.Balances(new(1, "wallets", "EUR", -500), new(1, "cash", "EUR", 500)));
        await Journal.CommitAsync(Make.Balances(new(2, "wallets", "EUR", -70), new(2, "cash", "EUR", 70), new(1, "wallets", "PTS", -3), new(1, "granted", "PTS", 3)));
        await Journal.CommitAsync(Make.Balances(new(1, "cash", "EUR", -500), new(1, "wallets", "EUR", 500)));
        Assert.Equal(
            [new StoredBalance("cash", "EUR", 70), new("granted", "PTS", 3), new("wallets", "EUR", -70), new("wallets", "PTS", -3)],
            Journal.ReadBalances());
    }

    [Theory]
    [InlineData(5, "EUR", -4, "EUR")]
    [InlineData(5, "EUR", -5, "PTS")]
    [InlineData(long.MaxValue, "EUR", long.MaxValue, "EUR")]
    public void Changes_that_do_not_sum_to_zero_per_asset_are_a_mistake(long first, string firstAsset, long second, string secondAsset)
    {
        Assert.Throws<ArgumentException>(() => { _ = Journal.CommitAsync(Make.Balances(new(1, "cash", firstAsset, first), new(1, "wallets", secondAsset, second))); });
        Assert.Empty(Journal.ReadBalances());
    }

    [Fact]
    public async Task A_balance_beyond_64_bits_fails_its_batch_alone()
    {
        await Journal.CommitAsync(Make.Balances(new(1, "cash", "EUR", long.MaxValue), new(1, "wallets", "EUR", -long.MaxValue)));
        await Assert.ThrowsAsync<OverflowException>(() => Journal.CommitAsync(Make.Balances(new(1, "wallets", "EUR", -1), new(1, "cash", "EUR", 1))));
        await Journal.CommitAsync(Make.Documents(Make.Put("a", "1")));
        Assert.Equal([new StoredBalance("cash", "EUR", long.MaxValue), new StoredBalance("wallets", "EUR", -long.MaxValue)], Journal.ReadBalances());
    }
}
