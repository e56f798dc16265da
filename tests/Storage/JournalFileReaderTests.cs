using SyncHub.Storage.KillTarget;
using SyncHub.Storage.Sqlite;
using SyncHub.Storage.Audit;
using SyncHub.Storage.Sqlite.Audit;

namespace SyncHub.Storage.Tests;

/// <summary>The audit's own eyes.</summary>
public sealed class JournalFileReaderTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task Every_table_is_read_as_it_is()
    {
        await using (var journal = Open())
        {
            await journal.CommitAsync(Workload.Batch(0, 1));
            await journal.CommitAsync(new JournalBatch
            {
                Records = { Make.Record(9, 1, "no fact") },
                Snapshots = { new NewSnapshot(Make.Stream(9), 1, Make.Bytes("state")) },
                Documents = { Make.Put("a", "1") },
            });
        }

        using var file = JournalFileReader.Open(_folder.Journal);
        Assert.Equal(["ok"], file.IntegrityCheck());
        var records = file.Records().ToArray();
        Assert.Equal([new FactKey(Workload.Producer(0), 1), null], records.Select(record => record.Fact));
        Assert.Equal((2, 3, Make.Stream(9), 1), (records[1].Position, records[1].Partition, records[1].Stream, records[1].Version));
        Assert.Equal("no fact", Make.Text(records[1].Payload));
        var fact = Assert.Single(file.Facts());
        Assert.Equal((Workload.Producer(0), 1), (fact.Producer, fact.Sequence));
        Assert.Equal(Workload.Hash(1), fact.Hash);
        var snapshot = Assert.Single(file.Snapshots());
        Assert.Equal((Make.Stream(9), 1, "state"), (snapshot.Stream, snapshot.Version, Make.Text(snapshot.Payload)));
        var cursor = Assert.Single(file.Cursors());
        Assert.Equal((Workload.Cursor, Workload.Producer(0), 1), (cursor.Name, cursor.Producer, cursor.Sequence));
        Assert.Equal(["members", Workload.Collection], file.Documents().Select(document => document.Collection));
        Assert.Equal("1", Make.Text(Assert.Single(file.Documents("members")).Value));
        Assert.Equal([new BalanceRow(0, "cash", "EUR", 1), new BalanceRow(0, "wallets", "EUR", -1)], file.Balances());
    }

    [Fact]
    public async Task A_live_file_is_one_view_while_its_owner_goes_on()
    {
        await using var journal = Open();
        await journal.CommitAsync(Workload.Batch(0, 1));
        using (var file = JournalFileReader.Open(_folder.Journal))
        {
            // Enough for several checkpoints: they may not take the view away.
            for (var version = 2; version <= 100; version++)
            {
                await journal.CommitAsync(Workload.Batch(0, version));
            }
            Assert.Single(file.Records());
            Assert.Single(file.Facts());
        }
        Assert.Equal(100, WorkloadCheck.HoldsWholeBatches(_folder.Journal)[0]);
    }

    [Fact]
    public async Task Reading_what_a_killed_process_left_changes_neither_file_nor_log()
    {
        using (var process = KillTargetProcess.Start(_folder.Journal, 2))
        {
            Assert.True(await process.ReadAsync(20));
            await process.KillAsync();
        }
        var (file, log) = (File.ReadAllBytes(_folder.Journal), File.ReadAllBytes(_folder.Journal + "-wal"));
        Assert.NotEmpty(log);

        WorkloadCheck.HoldsWholeBatches(_folder.Journal);

        Assert.Equal(file, File.ReadAllBytes(_folder.Journal));
        Assert.Equal(log, File.ReadAllBytes(_folder.Journal + "-wal"));
    }

    [Fact]
    public void A_missing_file_is_said_to_be_missing_and_not_created()
    {
        Assert.Equal(JournalFault.InputOutput, Assert.Throws<JournalUnavailableException>(() => JournalFileReader.Open(_folder.Journal)).Fault);
        Assert.False(File.Exists(_folder.Journal));
    }

    [Fact]
    public void A_garbage_file_is_said_to_be_unreadable()
    {
        File.WriteAllText(_folder.Journal, new string('x', 5000));
        Assert.Equal(JournalFault.Corrupt, Assert.Throws<JournalUnavailableException>(() => JournalFileReader.Open(_folder.Journal)).Fault);
    }

    public void Dispose() => _folder.Dispose();

    private SqliteJournal Open() => SqliteJournal.Open(_folder.Journal, new SqliteJournalOptions { CheckpointPages = 20 });
}
