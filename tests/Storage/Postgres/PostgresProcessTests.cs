using SyncHub.Storage.KillTarget;
using SyncHub.Storage.Postgres;
using SyncHub.Storage.Postgres.Audit;
using SyncHub.Testing;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>Real processes: the client killed, the server killed, and a full disk under it.</summary>
public sealed class PostgresProcessTests : IDisposable
{
    private const int Writers = 4;
    private const string Schema = "kills";

    private readonly PostgresInstance _instance = new();
    private readonly Dictionary<int, long> _acknowledged = [];

    [Fact]
    public async Task After_kill_9_of_the_client_every_acknowledged_batch_is_there_whole_and_the_next_process_goes_on()
    {
        foreach (var kill in (int[])[1, 40, 300, 7, 800])
        {
            using var process = StartTarget();
            Assert.True(await process.ReadAsync(kill), $"the process ended by itself: {string.Join('\n', process.Said)}");
            await process.KillAsync();
            Note(process);
            Check();
        }
    }

    [Fact]
    public async Task After_a_crash_of_the_server_under_load_nothing_acknowledged_is_lost_and_the_client_goes_on()
    {
        using var process = StartTarget();
        for (var crash = 0; crash < 3; crash++)
        {
            Assert.True(await process.ReadAsync(200), $"the process ended by itself: {string.Join('\n', process.Said)}");
            _instance.Halt("immediate");
            _instance.Resume();
        }
        Assert.True(await process.ReadAsync(200), $"the process ended by itself: {string.Join('\n', process.Said)}");
        await process.KillAsync();
        Note(process);
        Check();
    }

    [TmpfsFact]
    public async Task A_full_disk_fails_the_batch_leaves_nothing_of_it_and_heals_when_space_is_made()
    {
        var disk = Directory.CreateTempSubdirectory("synchub-small-disk-").FullName;
        Assert.True(SmallDisk.TryMount(disk, 8, "0777"));
        try
        {
            var place = Directory.CreateDirectory(Path.Combine(disk, "space")).FullName;
            Chown(place);
            _instance.Ask($"CREATE TABLESPACE small LOCATION '{place}'");
            _instance.Ask("ALTER ROLE synchub SET default_tablespace = small");
            await using var journal = await PostgresJournal.OpenAsync(_instance.ConnectionString, new PostgresJournalOptions { Schema = Schema });
            await File.WriteAllBytesAsync(Path.Combine(disk, "ballast"), new byte[1_000_000]);
            var written = 0;
            var full = await Assert.ThrowsAsync<JournalUnavailableException>(async () =>
            {
                for (; ; written++)
                {
                    await journal.CommitAsync(Fat(written));
                }
            });
            Assert.Equal(JournalFault.DiskFull, full.Fault);
            Assert.Contains("No space left", full.Message, StringComparison.Ordinal);
            Assert.Equal(written, journal.CountDocuments("fat"));
            Assert.Equal(written, journal.LastPosition);

            File.Delete(Path.Combine(disk, "ballast"));
            await journal.CommitAsync(Fat(written));
            Assert.Equal(written + 1, journal.LastPosition);
        }
        finally
        {
            _instance.Halt("immediate");
            SmallDisk.Unmount(disk);
            Directory.Delete(disk);
        }
    }

    public void Dispose() => _instance.Dispose();

    private static JournalBatch Fat(int number) => new()
    {
        Records = { Make.Record(1, number + 1) },
        Documents = { new DocumentWrite("fat", Workload.Number(number), Random.Shared.GetItems(Enumerable.Range(0, 256).Select(n => (byte)n).ToArray(), 60_000)) },
    };

    private static void Chown(string folder)
    {
        using var chown = System.Diagnostics.Process.Start("chown", ["postgres", folder]);
        chown.WaitForExit();
    }

    private KillTargetProcess StartTarget() => KillTargetProcess.Start(_instance.ConnectionString, Writers, 0, Schema);

    private void Note(KillTargetProcess process)
    {
        foreach (var (writer, version) in process.Acknowledged)
        {
            _acknowledged[writer] = version;
        }
    }

    private void Check()
    {
        using var rows = JournalDatabaseReader.Open(_instance.ConnectionString, Schema);
        var left = WorkloadCheck.HoldsWholeBatches(rows);
        foreach (var (writer, version) in _acknowledged)
        {
            Assert.InRange(left[writer], version, long.MaxValue);
        }
    }
}
