using SyncHub.Hub.Sync;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>How much each store may have under way.</summary>
public sealed class OpWindowTests
{
    [Theory]
    [InlineData(0, 1_048_576)]
    [InlineData(256, 1_048_576)]
    [InlineData(1_000, 268_435)]
    [InlineData(100_000, 65_536)]
    public void The_more_stores_there_are_the_less_each_may_have_under_way(int stores, int bytes) => Assert.Equal(bytes, OpWindow.BytesFor(stores));
}
