using SyncHub.Agent.Sync;

namespace SyncHub.Agent.Tests;

/// <summary>How long an agent waits before it calls again.</summary>
public sealed class HubBackoffTests
{
    [Theory]
    [InlineData(0, 50, 100)]
    [InlineData(1, 100, 200)]
    [InlineData(5, 1600, 3200)]
    [InlineData(6, 2500, 5000)]
    [InlineData(1_000_000, 2500, 5000)]
    public void Steps_double_up_to_five_seconds_and_each_wait_is_of_the_upper_half(int round, int leastMs, int mostMs)
    {
        Assert.Equal(leastMs, HubBackoff.After(round, 0).TotalMilliseconds);
        Assert.Equal(mostMs, HubBackoff.After(round, 1).TotalMilliseconds);
    }

    [Fact]
    public void Stores_that_have_waited_for_long_do_not_call_at_the_same_moment() =>
        Assert.NotEqual(HubBackoff.After(50, 0.25), HubBackoff.After(50, 0.75));
}
