namespace SyncHub.Storage.Tests;

/// <summary>Whose turn it is to write.</summary>
public sealed class CommitQueueTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

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

    [Fact]
    public void A_thread_that_waits_gets_its_turn_when_it_is_woken_although_nothing_waits()
    {
        var queue = new CommitQueue();
        var turns = 0;
        var writer = new Thread(() => turns += queue.Wait(out var first) && first is null ? 1 : 0) { IsBackground = true };
        writer.Start();
        Assert.True(SpinWait.SpinUntil(() => writer.ThreadState.HasFlag(ThreadState.WaitSleepJoin), Patience));

        Assert.True(queue.TryBegin());
        queue.End(wakes: true);

        Assert.True(writer.Join(Patience));
        Assert.Equal(1, turns);
    }
}
