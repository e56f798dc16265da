using SyncHub.Storage.Postgres;
using Xunit;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>Two writers of one journal, of whom one does not know what the other has written: parts, and versions of streams whose newest it takes for known.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PostgresGuardTests(PostgresInstance instance)
{
    private readonly string _schema = "guard_" + Guid.NewGuid().ToString("N")[..12];

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_writer_that_knows_older_parts_than_another_one_has_filled_writes_no_version_again(bool byCall)
    {
        await using var late = await OpenAsync("late", byCall);
        await late.CommitAsync(Make.Records(Make.Record(1, 1)));
        await using (var other = await OpenAsync("other"))
        {
            await other.CommitAsync(Make.Records([.. Enumerable.Range(1, 5).Select(version => Make.Record(2, version))]));
            await other.CommitAsync(Make.Records(Make.Record(1, 2))); // in the second part
            await other.CommitAsync(Make.Records([.. Enumerable.Range(6, 5).Select(version => Make.Record(2, version))]));
        }

        await Assert.ThrowsAsync<JournalConflictException>(() => late.CommitAsync(Make.Records(Make.Record(1, 2)))); // which would lie in the third
        Assert.Equal(13, await late.CommitAsync(Make.Records(Make.Record(1, 3))));
    }

    [Fact]
    public async Task A_writer_that_takes_a_head_for_known_is_refused_where_another_one_went_on_in_the_same_part()
    {
        await using var late = await OvertakenAsync();

        await Assert.ThrowsAsync<JournalConflictException>(() => late.CommitAsync(Make.Records(Make.Record(1, 3))));
        Assert.Equal(4, await late.CommitAsync(Make.Records(Make.Record(1, 4))));
        Assert.Equal(5, await late.CommitAsync(Make.Records(Make.Record(1, 5))));
        Assert.Equal([1, 2, 3, 4, 5], late.ReadRecords(Make.Stream(1), 1, 10).Select(record => (int)record.Version));
    }

    [Fact]
    public async Task A_head_is_known_only_for_a_commit_that_lies_in_its_part_whole()
    {
        await using var late = await OvertakenAsync();

        // Two records before it fill the part, as nobody told this writer: the third would lie in the next one, whose key knows nothing of the other writer's.
        await Assert.ThrowsAsync<JournalConflictException>(() => late.CommitAsync(Make.Records(Make.Record(2, 1), Make.Record(2, 2), Make.Record(1, 3))));
        Assert.Equal([1, 2, 3], late.ReadRecords(Make.Stream(1), 1, 10).Select(record => (int)record.Version));
        Assert.Equal(6, await late.CommitAsync(Make.Records(Make.Record(2, 1), Make.Record(2, 2), Make.Record(1, 4))));
        Assert.Equal(8, await late.CommitAsync(Make.Records(Make.Record(1, 5), Make.Record(2, 3))));
    }

    // It wrote two versions, and knows nothing of the third, which lies in the same part.
    private async Task<PostgresJournal> OvertakenAsync()
    {
        var late = await OpenAsync("late", byCall: false);
        await late.CommitAsync(Make.Records(Make.Record(1, 1), Make.Record(1, 2)));
        await using var other = await OpenAsync("other");
        await other.CommitAsync(Make.Records(Make.Record(1, 3)));
        return late;
    }

    private Task<PostgresJournal> OpenAsync(string writer, bool byCall = true) =>
        PostgresJournal.OpenAsync(instance.ConnectionString, new PostgresJournalOptions { Schema = _schema, Writer = writer, PartRecords = 5, CommitsOneByCall = byCall });
}
