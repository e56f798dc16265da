using SyncHub.Storage.KillTarget;
using SyncHub.Storage.Postgres;
using SyncHub.Storage.Postgres.Audit;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>Who owns which partitions, and that nobody else commits to them.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PartitionLeaseTests(PostgresInstance instance)
{
    private const int Partitions = 7;

    private readonly string _schema = "lease_" + Guid.NewGuid().ToString("N")[..12];

    [Fact]
    public async Task The_first_writer_owns_all_and_gives_the_second_its_share()
    {
        await using var one = await OpenAsync("one");
        await using var two = await OpenAsync("two");
        var (leasesOfOne, leasesOfTwo) = (one.LeasesOf(Partitions, "host-1:7400"), two.LeasesOf(Partitions, "host-2:7400"));

        Assert.Equal(Partitions, CountOf(leasesOfOne.Renew(), "one"));
        Assert.Equal(0, CountOf(leasesOfTwo.Renew(), "two"));
        var surplus = leasesOfOne.Renew().Surplus;
        Assert.Equal(Partitions / 2, surplus.Count);
        leasesOfOne.Release([.. surplus.Select(handover => handover.Partition)], "two");

        var round = leasesOfTwo.Renew();
        Assert.Equal((4, 3), (CountOf(round, "one"), CountOf(round, "two")));
        Assert.Empty(round.Surplus);
        Assert.Empty(leasesOfOne.Renew().Surplus);
        Assert.Equal([new LeaseHolder("one", "host-1:7400"), new LeaseHolder("two", "host-2:7400")], round.Alive);
        Assert.All(surplus, handover => Assert.Equal(2, round.Owners[handover.Partition].Epoch));
    }

    [Fact]
    public async Task A_commit_to_a_partition_of_another_is_refused_and_ends_the_writer_that_believed_it_was_its_own()
    {
        await using var one = await OpenAsync("one");
        await using var two = await OpenAsync("two");
        var leases = one.LeasesOf(Partitions, "");
        leases.Renew();
        two.LeasesOf(Partitions, "").Renew();
        await one.CommitAsync(Make.Records(Make.Record(1, 1, partition: 3)));
        leases.Release([3], "two");

        await two.CommitAsync(Make.Records(Make.Record(1, 2, partition: 3)));
        var refused = await Assert.ThrowsAsync<JournalUnavailableException>(() => one.CommitAsync(Make.Records(Make.Record(2, 1, partition: 3))));
        Assert.Equal(JournalFault.Locked, refused.Fault);
        Assert.Empty(two.ReadRecords(Make.Stream(2), 1, 10));
    }

    [Fact]
    public async Task A_commit_to_a_partition_of_nobody_is_refused()
    {
        await using var one = await OpenAsync("one");
        one.LeasesOf(Partitions, "").Renew();
        await Assert.ThrowsAsync<JournalUnavailableException>(() => one.CommitAsync(Make.Records(Make.Record(1, 1, partition: Partitions))));
    }

    [Fact]
    public async Task After_a_clean_stop_the_next_round_of_the_others_has_everything()
    {
        await using var two = await OpenAsync("two");
        var leases = two.LeasesOf(Partitions, "");
        await using (var one = await OpenAsync("one"))
        {
            var stopping = one.LeasesOf(Partitions, "");
            stopping.Renew();
            Assert.Equal(0, CountOf(leases.Renew(), "two"));
            stopping.ReleaseAll();
        }
        Assert.Equal(Partitions, CountOf(leases.Renew(), "two"));
    }

    [Fact]
    public async Task Four_writers_come_to_equal_shares_and_lose_none()
    {
        var journals = await Task.WhenAll(Enumerable.Range(1, 4).Select(number => OpenAsync($"hub-{number}")));
        var leases = journals.Select(journal => journal.LeasesOf(64, "")).ToArray();
        LeaseRound last = leases[0].Renew();
        for (var round = 0; round < 3; round++)
        {
            foreach (var one in leases)
            {
                last = one.Renew();
                foreach (var handovers in last.Surplus.GroupBy(handover => handover.To, StringComparer.Ordinal))
                {
                    one.Release([.. handovers.Select(handover => handover.Partition)], handovers.Key);
                }
            }
        }
        last = leases[0].Renew();
        Assert.Equal(64, last.Owners.Count);
        Assert.All(Enumerable.Range(1, 4), number => Assert.Equal(16, CountOf(last, $"hub-{number}")));
        foreach (var journal in journals)
        {
            await journal.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_process_that_was_stopped_and_wakes_up_believing_that_it_still_owns_commits_nothing()
    {
        using var stopped = KillTargetProcess.Start(instance.ConnectionString, 4, 0, _schema, "stopped");
        Assert.True(await stopped.ReadAsync(100), $"the process ended by itself: {string.Join('\n', stopped.Said)}");
        stopped.Signal("STOP");

        await using var next = await OpenAsync("next", leaseMs: 1_500);
        var leases = next.LeasesOf(4, "");
        while (CountOf(leases.Renew(), "next") < 4)
        {
            await Task.Yield(); // the lease has to run out by the database's clock
        }
        var before = Check();
        for (var writer = 0; writer < 4; writer++)
        {
            await next.CommitAsync(Workload.Batch(writer, before[writer] + 1));
        }
        var after = Check();

        stopped.Signal("CONT");
        await stopped.EndAsync();
        Assert.Contains(stopped.Said, line => line.StartsWith("fault Locked", StringComparison.Ordinal));
        Assert.Equal(after, Check());
        Assert.All(stopped.Acknowledged, acknowledged => Assert.InRange(before[acknowledged.Key], acknowledged.Value, long.MaxValue));
    }

    [Fact]
    public async Task A_journal_of_one_writer_is_taken_over_from_a_process_that_was_stopped()
    {
        using var stopped = KillTargetProcess.Start(instance.ConnectionString, 2, 0, _schema);
        Assert.True(await stopped.ReadAsync(50), $"the process ended by itself: {string.Join('\n', stopped.Said)}");
        stopped.Signal("STOP");
        await using (var next = await OpenAsync("hub", leaseMs: 1_500))
        {
            await next.CommitAsync(Workload.Batch(2, 1));
            stopped.Signal("CONT");
            await stopped.EndAsync();
            Assert.Contains(stopped.Said, line => line.StartsWith("fault Locked", StringComparison.Ordinal));
            await next.CommitAsync(Workload.Batch(2, 2));
        }
        Assert.Equal(2, Check()[2]);
    }

    [Fact]
    public async Task An_idle_writer_keeps_its_lease()
    {
        // Said by the database's clock, however late a busy machine lets it: an idle writer goes on saying that it lives.
        const string Renewed = "SELECT renewed_at::text FROM {0}.writer";
        await using var idle = await OpenAsync("hub", leaseMs: 600);
        for (var times = 0; times < 3; times++)
        {
            var before = instance.Ask(string.Format(System.Globalization.CultureInfo.InvariantCulture, Renewed, _schema));
            while (before!.Equals(instance.Ask(string.Format(System.Globalization.CultureInfo.InvariantCulture, Renewed, _schema))))
            {
                await Task.Yield();
            }
        }

        var error = await Assert.ThrowsAsync<JournalUnavailableException>(() => OpenAsync("hub", leaseMs: 20_000, takeOverMs: 500));
        Assert.Equal(JournalFault.Locked, error.Fault);
        await idle.CommitAsync(Make.Records(Make.Record(1, 1)));
    }

    private static int CountOf(LeaseRound round, string writer) => round.Owners.Values.Count(owner => owner.Writer == writer);

    private Task<PostgresJournal> OpenAsync(string writer, int leaseMs = 30_000, int takeOverMs = 30_000) => PostgresJournal.OpenAsync(instance.ConnectionString,
        new PostgresJournalOptions { Schema = _schema, Writer = writer, LeaseMs = leaseMs, TakeOverMs = takeOverMs });

    private Dictionary<int, long> Check()
    {
        using var rows = JournalDatabaseReader.Open(instance.ConnectionString, _schema);
        return WorkloadCheck.HoldsWholeBatches(rows);
    }
}
