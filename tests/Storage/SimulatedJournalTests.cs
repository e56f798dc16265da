using SyncHub.Testing;

namespace SyncHub.Storage.Tests;

/// <summary>What only a simulated disk can do.</summary>
public sealed class SimulatedJournalTests
{
    [Fact]
    public async Task Nothing_is_there_before_the_flush_and_everything_after_it()
    {
        var journal = new SimulatedJournal();
        var commit = journal.CommitAsync(Make.Records(Make.Record(1, 1)));
        Assert.False(commit.IsCompleted);
        Assert.Empty(journal.ReadStream(Make.Stream(1)).Tail);
        Assert.Equal(1, journal.PendingCount);

        Assert.Equal(1, journal.Flush());
        Assert.Equal(1, await commit);
        Assert.Single(journal.ReadStream(Make.Stream(1)).Tail);
    }

    [Fact]
    public void A_flush_of_some_takes_the_oldest()
    {
        var journal = new SimulatedJournal();
        var commits = Enumerable.Range(1, 3).Select(n => journal.CommitAsync(Make.Records(Make.Record(1, n)))).ToArray();
        Assert.Equal(2, journal.Flush(2));
        Assert.Equal([true, true, false], commits.Select(commit => commit.IsCompleted));
        Assert.Equal(2, journal.LastPosition);
    }

    [Fact]
    public async Task A_crash_loses_what_was_not_flushed_and_answers_nobody()
    {
        var journal = new SimulatedJournal();
        var flushed = journal.CommitAsync(Make.Records(Make.Record(1, 1)));
        journal.Flush();
        var lost = journal.CommitAsync(Make.Records(Make.Record(1, 2)));

        var reopened = journal.Crash();

        await flushed;
        Assert.False(lost.IsCompleted);
        Assert.Equal(1, reopened.LastPosition);
        Assert.Equal(0, reopened.PendingCount);
        var error = await Assert.ThrowsAsync<JournalUnavailableException>(() => journal.CommitAsync(new JournalBatch()));
        Assert.Equal(JournalFault.Closed, error.Fault);
    }

    [Fact]
    public void A_crash_may_fall_between_the_disk_and_the_answer()
    {
        var journal = new SimulatedJournal();
        var commit = journal.CommitAsync(Make.Records(Make.Record(1, 1)));
        Assert.Equal(1, journal.FlushWithoutAnswers());
        var reopened = journal.Crash();
        Assert.False(commit.IsCompleted);
        Assert.Equal(1, reopened.LastPosition);
    }

    [Theory]
    [InlineData(JournalFault.DiskFull, false)]
    [InlineData(JournalFault.ReadOnly, false)]
    [InlineData(JournalFault.InputOutput, true)]
    [InlineData(JournalFault.Corrupt, true)]
    public async Task A_commit_can_be_made_to_fail(JournalFault fault, bool isFatal)
    {
        var journal = new SimulatedJournal();
        var commits = new[] { journal.CommitAsync(Make.Records(Make.Record(1, 1))), journal.CommitAsync(Make.Records(Make.Record(2, 1))) };
        journal.FailNextCommit(fault);
        journal.Flush();
        foreach (var commit in commits)
        {
            Assert.Equal(fault, (await Assert.ThrowsAsync<JournalUnavailableException>(() => commit)).Fault);
        }

        var next = journal.CommitAsync(Make.Records(Make.Record(1, 1)));
        journal.Flush();
        if (isFatal)
        {
            Assert.Equal(JournalFault.Closed, (await Assert.ThrowsAsync<JournalUnavailableException>(() => next)).Fault);
            Assert.Equal(0, journal.Crash().LastPosition);
        }
        else
        {
            Assert.Equal(1, await next);
        }
    }

    [Fact]
    public async Task A_copy_shares_nothing_with_its_original()
    {
        var journal = new SimulatedJournal(autoFlush: true);
        await journal.CommitAsync(Make.Records(Make.Record(1, 1, "common")));
        var image = journal.Copy();
        await journal.CommitAsync(Make.Records(Make.Record(1, 2, "original")));
        var clone = SimulatedJournal.Open(image, autoFlush: true);
        await clone.CommitAsync(Make.Records(Make.Record(1, 2, "clone")));

        Assert.Equal(["1:common", "2:original"], journal.ReadRecords(Make.Stream(1), 1, 10).Texts());
        Assert.Equal(["1:common", "2:clone"], clone.ReadRecords(Make.Stream(1), 1, 10).Texts());
        Assert.Equal(1, image.LastPosition);
        Assert.Equal(["1:common"], journal.RollBackTo(image).ReadRecords(Make.Stream(1), 1, 10).Texts());
    }

    [Fact]
    public void Continuations_run_inside_the_flush()
    {
        var journal = new SimulatedJournal();
        var events = new List<string>();
        async Task CommitAsync(int stream)
        {
            await journal.CommitAsync(Make.Records(Make.Record(stream, 1)));
            events.Add($"answered {stream}");
        }
        _ = CommitAsync(1);
        _ = CommitAsync(2);
        journal.Flush();
        events.Add("flushed");
        Assert.Equal(["answered 1", "answered 2", "flushed"], events);
    }
}
