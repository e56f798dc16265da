namespace SyncHub.Storage.Tests;

/// <summary>Whose turn it is to write.</summary>
public sealed class CommitQueueTests
{
    [Fact]
    public void A_caller_does_not_get_in_before_the_writers_thread_that_was_woken()
    {
        var queue = new CommitQueue();
        Assert.True(queue.TryBegin());
        queue.End(wakes: true);

        Assert.False(queue.TryBegin());
        Assert.True(queue.Wait(out var first));
        Assert.Null(first);
        queue.End(wakes: false);
        Assert.True(queue.TryBegin());
    }
}
