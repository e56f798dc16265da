namespace SyncHub.Storage.Tests;

/// <summary>Commits by a caller that waits, whoever's thread writes them.</summary>
public abstract partial class JournalConformance
{
    [Fact]
    public async Task A_commit_of_a_caller_that_waits_is_there_when_its_task_is_done()
    {
        Assert.Equal(1, await Journal.CommitHereAsync(Make.Records(Make.Record(1, 1))));
        Assert.Equal(1, await Journal.CommitHereAsync(Make.Documents(Make.Put("a", "1"))));
        Assert.Equal(2, await Journal.CommitAsync(Make.Records(Make.Record(1, 2))));
        Assert.Equal(3, await Journal.CommitHereAsync(Make.Records(Make.Record(1, 3))));
        var reopened = await ReopenAsync();
        await using (reopened)
        {
            Assert.Equal(["1:payload", "2:payload", "3:payload"], reopened.ReadRecords(Make.Stream(1), 1, 10).Texts());
            Assert.Equal("1", Make.Text(reopened.ReadDocument("members", Make.Bytes("a"))));
        }
    }

    [Fact]
    public async Task A_conflict_of_a_caller_that_waits_fails_its_batch_alone()
    {
        await Journal.CommitHereAsync(Make.Records(Make.Record(1, 1)));
        await Assert.ThrowsAsync<JournalConflictException>(() => Journal.CommitHereAsync(Make.Records(Make.Record(2, 1), Make.Record(1, 1))));
        Assert.Equal(2, await Journal.CommitHereAsync(Make.Records(Make.Record(2, 1))));
    }

    [Fact]
    public async Task Callers_that_wait_and_callers_that_do_not_share_one_order()
    {
        // Each worker owns a stream: a version that came twice, out of order or not at all would be a conflict or a gap.
        var workers = Enumerable.Range(1, 8).Select(stream => Task.Run(async () =>
        {
            var last = Task.FromResult(0L);
            for (var version = 1; version <= 60; version++)
            {
                last = (stream + version) % 3 == 0 ? Journal.CommitHereAsync(Make.Records(Make.Record(stream, version))) : Journal.CommitAsync(Make.Records(Make.Record(stream, version)));
            }

            await last;
        }));
        await Task.WhenAll(workers);

        Assert.Equal(480, Journal.LastPosition);
        Assert.All(Enumerable.Range(1, 8), stream => Assert.Equal(Enumerable.Range(1, 60).Select(n => (long)n), Journal.ReadRecords(Make.Stream(stream), 1, 100).Select(record => record.Version)));
    }
}
