using SyncHub.Storage.Postgres;
using Xunit;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>Two writers of one journal, of whom one does not know that there are newer parts.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PostgresGuardTests(PostgresInstance instance)
{
    private readonly string _schema = "guard_" + Guid.NewGuid().ToString("N")[..12];

    [Fact]
    public async Task A_writer_that_knows_older_parts_than_another_one_has_filled_writes_no_version_again()
    {
        await using var late = await OpenAsync("late");
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

    private Task<PostgresJournal> OpenAsync(string writer) =>
        PostgresJournal.OpenAsync(instance.ConnectionString, new PostgresJournalOptions { Schema = _schema, Writer = writer, PartRecords = 5 });
}
