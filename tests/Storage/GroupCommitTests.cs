using Microsoft.Data.Sqlite;
using SyncHub.Storage.Schema;
using SyncHub.Storage.Sqlite;
using SyncHub.Storage.Sqlite.Schema;

namespace SyncHub.Storage.Tests;

/// <summary>One transaction with a known set of batches; through the journal their grouping is a matter of timing.</summary>
public sealed class GroupCommitTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly SqliteConnection _connection;
    private readonly GroupCommit _commits;

    public GroupCommitTests()
    {
        _connection = Connections.OpenWriter(_folder.Journal, new SqliteJournalOptions { MaxPages = 60 });
        Migrator.BringUpToDate(_connection, _folder.Journal, Migration.Sqlite);
        _commits = new GroupCommit(_connection, _folder.Journal);
    }

    [Fact]
    public void A_full_disk_fails_all_batches_of_the_transaction_but_not_the_ones_after_it()
    {
        PendingBatch[] group = [Pending(Make.Record(1, 1)), Pending(Make.Record(1, 9)), new(Make.Documents(new DocumentWrite("huge", [1], new byte[1_000_000]))), Pending(Make.Record(2, 1)), new(new JournalBatch())];

        Assert.Null(_commits.Run([.. group]));

        var full = Assert.IsType<JournalUnavailableException>(group[2].Failure);
        Assert.Equal(JournalFault.DiskFull, full.Fault);
        Assert.Same(full, group[0].Failure);
        Assert.IsType<JournalConflictException>(group[1].Failure);
        Assert.Same(full, group[3].Failure);
        Assert.Null(group[4].Failure);
        Assert.Equal(0, _commits.Position);
        Assert.Equal("0", Count());

        var next = Pending(Make.Record(1, 1));
        Assert.Null(_commits.Run([next]));
        Assert.Null(next.Failure);
        Assert.Equal(1, _commits.Position);
    }

    [Fact]
    public void A_conflict_and_a_mistake_fail_only_their_own_batches()
    {
        var mistake = new JournalBatch { Records = { Make.Record(3, 1) }, Documents = { new DocumentWrite(null!, [1], [1]) } };
        PendingBatch[] group = [Pending(Make.Record(1, 1)), Pending(Make.Record(2, 1), Make.Record(1, 1)), new(mistake), Pending(Make.Record(1, 2))];

        Assert.Null(_commits.Run([.. group]));

        Assert.Equal([false, true, true, false], group.Select(pending => pending.Failure is not null));
        Assert.IsType<JournalConflictException>(group[1].Failure);
        Assert.Equal(2, _commits.Position);
        Assert.Equal("2", Count());
    }

    [Fact]
    public void A_batch_that_is_alone_and_refused_leaves_nothing_and_the_next_is_written()
    {
        var conflict = Pending(Make.Record(1, 1), Make.Record(2, 9));
        Assert.Null(_commits.Run([conflict]));
        Assert.IsType<JournalConflictException>(conflict.Failure);
        Assert.Equal((0, "0"), (_commits.Position, Count()));

        var next = Pending(Make.Record(1, 1));
        Assert.Null(_commits.Run([next]));
        Assert.Null(next.Failure);
        Assert.Equal((1, "1"), (_commits.Position, Count()));
    }

    [Fact]
    public void A_group_without_a_row_writes_nothing()
    {
        var before = new FileInfo(_folder.Journal + "-wal").Length;
        Assert.Null(_commits.Run([new(new JournalBatch()), new(new JournalBatch())]));
        Assert.Equal(before, new FileInfo(_folder.Journal + "-wal").Length);
    }

    public void Dispose()
    {
        _commits.Dispose();
        _connection.Dispose();
        _folder.Dispose();
    }

    private static PendingBatch Pending(params NewRecord[] records) => new(Make.Records(records));

    private string Count() => Connections.Ask(_connection, "SELECT count(*) FROM record");
}
