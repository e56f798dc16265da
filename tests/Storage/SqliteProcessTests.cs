using System.Globalization;
using SyncHub.Storage.KillTarget;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Storage.Tests;

/// <summary>Real processes on real files: killed, refused, and failed by the system.</summary>
public sealed class SqliteProcessTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task After_kill_9_in_the_middle_of_commits_every_acknowledged_batch_is_there_whole()
    {
        const int Writers = 4;
        var acknowledged = new Dictionary<int, long>();
        foreach (var kill in (int[])[1, 40, 150, 7, 400])
        {
            using var process = KillTargetProcess.Start(_folder.Journal, Writers);
            Assert.True(await process.ReadAsync(kill), $"the process ended by itself: {string.Join('\n', process.Said)}");
            await process.KillAsync();
            foreach (var (writer, version) in process.Acknowledged)
            {
                acknowledged[writer] = version;
            }

            // First as the killed process left it, log and all; then as the next process finds it.
            var left = WorkloadCheck.HoldsWholeBatches(_folder.Journal);
            foreach (var (writer, version) in acknowledged)
            {
                Assert.InRange(left[writer], version, long.MaxValue);
            }
            await using (var journal = SqliteJournal.Open(_folder.Journal, new SqliteJournalOptions()))
            {
                Assert.Equal(left.Values.Sum(), journal.LastPosition);
            }
            Assert.Equal(left, WorkloadCheck.HoldsWholeBatches(_folder.Journal));
        }
    }

    [Fact]
    public async Task What_killed_processes_left_in_the_log_is_folded_at_the_next_start_however_often_they_are_killed()
    {
        var log = new FileInfo(_folder.Journal + "-wal");
        for (var kill = 0; kill < 4; kill++)
        {
            using (var process = KillTargetProcess.Start(_folder.Journal, 2))
            {
                Assert.True(await process.ReadAsync(30), $"the process ended by itself: {string.Join('\n', process.Said)}");
                await process.KillAsync();
            }

            log.Refresh();
            Assert.True(log.Length > 0); // it was killed before it had folded anything
            var file = new FileInfo(_folder.Journal).Length;
            var journal = SqliteJournal.Open(_folder.Journal, new SqliteJournalOptions());
            log.Refresh();
            Assert.Equal(0, log.Length);
            Assert.True(new FileInfo(_folder.Journal).Length >= file);
            await journal.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_second_process_is_refused_and_told_who_holds_the_file()
    {
        await using var journal = SqliteJournal.Open(_folder.Journal, new SqliteJournalOptions());
        using var process = KillTargetProcess.Start(_folder.Journal, 1);
        await process.EndAsync();

        var said = Assert.Single(process.Said);
        Assert.StartsWith("fault Locked", said, StringComparison.Ordinal);
        Assert.Contains($"process {Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_killed_process_lets_go_of_the_file()
    {
        using var process = KillTargetProcess.Start(_folder.Journal, 1);
        Assert.True(await process.ReadAsync(1));
        var error = Assert.Throws<JournalUnavailableException>(() => SqliteJournal.Open(_folder.Journal, new SqliteJournalOptions()));
        Assert.Equal(JournalFault.Locked, error.Fault);
        Assert.Contains($"process {process.Id.ToString(CultureInfo.InvariantCulture)}", error.Message, StringComparison.Ordinal);

        await process.KillAsync();
        await using var journal = SqliteJournal.Open(_folder.Journal, new SqliteJournalOptions());
        Assert.InRange(journal.LastPosition, 1, long.MaxValue);
    }

    [Fact]
    public async Task An_input_output_error_at_commit_closes_the_journal_and_loses_nothing_acknowledged()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        using var process = KillTargetProcess.Start(_folder.Journal, 1, maxFileBytes: 400_000);
        await process.EndAsync();

        var faults = process.Said.Where(line => line.StartsWith("fault", StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, faults.Length);
        Assert.StartsWith("fault InputOutput", faults[0], StringComparison.Ordinal);
        Assert.StartsWith("fault Closed", faults[1], StringComparison.Ordinal);
        Assert.Equal(process.Acknowledged, WorkloadCheck.HoldsWholeBatches(_folder.Journal));
        await using var journal = SqliteJournal.Open(_folder.Journal, new SqliteJournalOptions());
        await journal.CommitAsync(Workload.Batch(0, process.Acknowledged[0] + 1));
    }

    public void Dispose() => _folder.Dispose();
}
