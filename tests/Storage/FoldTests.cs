using SyncHub.Storage.Sqlite;

namespace SyncHub.Storage.Tests;

/// <summary>When the log beside the file is folded into it.</summary>
public sealed class FoldTests : IDisposable
{
    private const int EveryPages = 50;
    private const int PageBytes = 4096 + 24; // with the header of a frame
    private readonly string _folder = Directory.CreateTempSubdirectory("fold").FullName;

    [Fact]
    public async Task Commits_of_callers_do_not_let_the_log_grow_beyond_what_is_folded_at()
    {
        var path = Path.Combine(_folder, "journal.db");
        var largest = 0L;
        await using (var journal = SqliteJournal.Open(path, new SqliteJournalOptions { CheckpointPages = EveryPages }))
        {
            for (var i = 1; i <= 40 * EveryPages; i++)
            {
                await journal.CommitHereAsync(Make.Records(Make.Record(1, i)));
                largest = Math.Max(largest, new FileInfo(path + "-wal").Length);
            }
        }

        Assert.InRange(largest, 1, 2 * EveryPages * PageBytes);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
