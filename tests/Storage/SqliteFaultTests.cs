using Microsoft.Data.Sqlite;
using SyncHub.Storage.KillTarget;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Storage.Tests;

/// <summary>Full disks, foreign and damaged files.</summary>
public sealed class SqliteFaultTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task A_full_disk_fails_the_batch_leaves_nothing_of_it_and_heals_when_space_is_made()
    {
        await using var journal = Open(new SqliteJournalOptions { MaxPages = 60 });
        var written = 0;
        var full = await Assert.ThrowsAsync<JournalUnavailableException>(async () =>
        {
            for (; ; written++)
            {
                await journal.CommitAsync(Fat(written));
            }
        });
        Assert.Equal(JournalFault.DiskFull, full.Fault);
        Assert.Contains("free some", full.Message, StringComparison.Ordinal);
        Assert.InRange(written, 5, 60);
        Assert.Equal(written, journal.CountDocuments("fat"));
        Assert.Equal(written, journal.LastPosition);

        var deletion = new JournalBatch();
        deletion.Documents.AddRange(Enumerable.Range(0, written).Select(n => new DocumentWrite("fat", Workload.Number(n), null)));
        await journal.CommitAsync(deletion);
        await journal.CommitAsync(Fat(written));
        Assert.Equal(1, journal.CountDocuments("fat"));
        Assert.Equal(written + 1, journal.LastPosition);
    }

    [Fact]
    public async Task A_larger_limit_lets_a_full_journal_go_on()
    {
        await using (var journal = Open(new SqliteJournalOptions { MaxPages = 60 }))
        {
            await Assert.ThrowsAsync<JournalUnavailableException>(() => journal.CommitAsync(Huge()));
        }
        await using var larger = Open(new SqliteJournalOptions());
        await larger.CommitAsync(Huge());
    }

    [Fact]
    public async Task A_read_only_file_is_refused()
    {
        await Open().DisposeAsync();
        File.SetAttributes(_folder.Journal, FileAttributes.ReadOnly);
        AssertRefused(JournalFault.ReadOnly, "writable");
        File.SetAttributes(_folder.Journal, FileAttributes.Normal);
        await Open().DisposeAsync();
    }

    [Theory]
    [InlineData(10)]
    [InlineData(4096)]
    [InlineData(100_000)]
    public void A_garbage_file_is_refused_and_left_alone(int length)
    {
        var garbage = new byte[length];
        new Random(1).NextBytes(garbage);
        File.WriteAllBytes(_folder.Journal, garbage);
        AssertRefused(JournalFault.Corrupt, "restore the newest backup");
        Assert.Equal(garbage, File.ReadAllBytes(_folder.Journal));
    }

    [Fact]
    public void A_database_of_another_program_is_refused_and_left_alone()
    {
        Execute("CREATE TABLE song (title TEXT)");
        AssertRefused(JournalFault.Corrupt, "another program");
        Assert.Equal(1L, Ask("SELECT count(*) FROM sqlite_schema"));
    }

    [Fact]
    public async Task A_file_of_a_newer_program_is_refused()
    {
        await Open().DisposeAsync();
        Execute("PRAGMA user_version = 99");
        AssertRefused(JournalFault.TooNew, "Run the newer program");
    }

    [Fact]
    public void A_missing_folder_is_not_created() =>
        Assert.Equal(JournalFault.InputOutput, Assert.Throws<JournalUnavailableException>(() => SqliteJournal.Open(_folder.File("typo/journal.db"), new SqliteJournalOptions())).Fault);

    [Fact]
    public async Task One_process_cannot_open_a_file_twice()
    {
        await using (Open())
        {
            AssertRefused(JournalFault.Locked, "held by process");
        }
        await Open().DisposeAsync();
    }

    [Fact]
    public async Task A_damaged_page_fails_the_read_that_meets_it()
    {
        await using (var journal = Open())
        {
            for (var n = 0; n < 50; n++)
            {
                await journal.CommitAsync(Fat(n));
            }
        }
        using (var file = File.OpenWrite(_folder.Journal))
        {
            // Everything behind the first pages: the header and the schema stay readable.
            file.Position = 20 * 4096;
            file.Write(new byte[(int)(file.Length - file.Position)]);
        }
        await using var damaged = Open();
        var error = Assert.Throws<JournalUnavailableException>(() => damaged.ReadDocuments("fat", default, default, 100));
        Assert.Equal(JournalFault.Corrupt, error.Fault);
    }

    [Fact]
    public async Task A_log_cut_or_damaged_anywhere_leaves_whole_batches_up_to_there()
    {
        const int Batches = 25;
        await using var journal = Open(new SqliteJournalOptions { CheckpointPages = int.MaxValue });
        for (var version = 1; version <= Batches; version++)
        {
            await journal.CommitAsync(Workload.Batch(0, version));
        }
        var log = await ReadSharedAsync(_folder.Journal + "-wal");
        var seen = new SortedSet<long>();
        for (var cut = 0; cut <= 20; cut++)
        {
            foreach (var isDamaged in (bool[])[false, true])
            {
                var copy = _folder.File($"copy-{cut}-{isDamaged}.db");
                File.Copy(_folder.Journal, copy);
                await File.WriteAllBytesAsync(copy + "-wal", isDamaged ? Flip(log, log.Length * cut / 21) : log[..(log.Length * cut / 20)]);

                await using (var reopened = SqliteJournal.Open(copy, new SqliteJournalOptions()))
                {
                    Assert.InRange(reopened.LastPosition, 0, Batches);
                    seen.Add(reopened.LastPosition);
                    await reopened.CommitAsync(Workload.Batch(0, reopened.LastPosition + 1));
                }
                WorkloadCheck.HoldsWholeBatches(copy);
            }
        }
        Assert.Contains(Batches, seen);
        Assert.InRange(seen.Count, 10, Batches + 1);
    }

    [Fact]
    public async Task A_programs_own_code_never_runs_on_the_writer_thread()
    {
        await using var journal = Open();
        for (var n = 0; n < 50; n++)
        {
            var thread = await journal.CommitAsync(Fat(n)).ContinueWith(static _ => Thread.CurrentThread.Name, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            Assert.NotEqual("journal writer", thread);
        }
    }

    [Theory]
    [InlineData("DELETE FROM record")]
    [InlineData("UPDATE record SET payload = x'00'")]
    [InlineData("DELETE FROM fact")]
    [InlineData("UPDATE fact SET bytes = x'00'")]
    public async Task Records_and_facts_are_append_only_for_everybody(string sql)
    {
        await using (var journal = Open())
        {
            await journal.CommitAsync(Workload.Batch(0, 1));
        }
        Assert.Contains("append-only", Assert.Throws<SqliteException>(() => Execute(sql)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static JournalBatch Fat(int number) => new()
    {
        Records = { Make.Record(1, number + 1) },
        Documents = { new DocumentWrite("fat", Workload.Number(number), new byte[6000]) },
    };

    private static JournalBatch Huge() => Make.Documents(new DocumentWrite("huge", [1], new byte[1_000_000]));

    private static byte[] Flip(byte[] bytes, int at)
    {
        byte[] copy = [.. bytes];
        copy[at] ^= 0x55;
        return copy;
    }

    private static async Task<byte[]> ReadSharedAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes);
        return bytes;
    }

    private SqliteJournal Open(SqliteJournalOptions? options = null) => SqliteJournal.Open(_folder.Journal, options ?? new SqliteJournalOptions());

    private void AssertRefused(JournalFault fault, string wayOut)
    {
        var error = Assert.Throws<JournalUnavailableException>(() => Open());
        Assert.Equal(fault, error.Fault);
        Assert.Contains(wayOut, error.Message, StringComparison.Ordinal);
        Assert.Contains(_folder.Journal, error.Message, StringComparison.Ordinal);
    }

    private void Execute(string sql) => Ask(sql);

    private object? Ask(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_folder.Journal};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
