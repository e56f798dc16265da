using Npgsql;
using SyncHub.Storage.KillTarget;
using SyncHub.Storage.Postgres;
using SyncHub.Storage.Postgres.Audit;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>Connections that break in mid-commit: whether the commit is there is read, never guessed, and nothing is written twice.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PostgresOutcomeTests(PostgresInstance instance)
{
    private readonly string _schema = "outcome_" + Guid.NewGuid().ToString("N")[..12];

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_found_and_not_repeated()
    {
        using var line = new CutLine(instance.Port);
        var troubles = 0;
        await using var journal = await OpenAsync(line.Port, _ => troubles++);
        for (var version = 1; version <= 20; version++)
        {
            var cut = line.CutNextAnswerAsync();
            Assert.Equal(version, await journal.CommitAsync(Workload.Batch(0, version)));
            await cut;
        }
        Assert.Equal(20, troubles);
        Assert.Equal(20, Check()[0]);
    }

    [Fact]
    public async Task A_commit_whose_session_ended_before_it_is_written_once()
    {
        await using var journal = await OpenAsync(instance.Port);
        await journal.CommitAsync(Workload.Batch(0, 1));
        var commit = await BlockedAsync(journal, () => instance.Ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'begin_commit|commit_one'"));
        Assert.Equal(2, commit);
        Assert.Equal(2, Check()[0]);
    }

    [Fact]
    public async Task A_caller_that_would_write_itself_while_the_loop_writes_waits_behind_it()
    {
        var troubles = 0;
        await using var journal = await OpenAsync(instance.Port, _ => troubles++);
        await journal.CommitAsync(Workload.Batch(0, 1));
        var here = Task.FromResult(0L);
        Assert.Equal(2, await BlockedAsync(journal, () =>
        {
            here = journal.CommitHereAsync(Workload.Batch(0, 3)); // the queue is empty, and the connection is not free
            Assert.False(here.IsCompleted);
        }));
        Assert.Equal(3, await here);
        Assert.Equal(0, troubles);
        Assert.Equal(3, Check()[0]);
    }

    [Fact]
    public async Task A_commit_that_the_database_still_works_on_when_its_line_is_cut_is_written_once()
    {
        using var line = new CutLine(instance.Port);
        await using var journal = await OpenAsync(line.Port);
        await journal.CommitAsync(Workload.Batch(0, 1));
        var commit = await BlockedAsync(journal, line.Abandon);
        Assert.Equal(2, commit);
        Assert.Equal(2, Check()[0]);
    }

    [Fact]
    public async Task A_session_that_lost_its_connection_can_no_longer_commit_with_it()
    {
        await using var journal = await OpenAsync(instance.Port);
        await journal.CommitAsync(Workload.Batch(0, 1));
        await using (var journalOfAnother = await OpenAsync(instance.Port, writer: "another"))
        {
            await journalOfAnother.CommitAsync(Workload.Batch(1, 1));
        }
        instance.Ask($"UPDATE {_schema}.writer SET session = gen_random_uuid() WHERE name = 'hub'");

        var lost = await Assert.ThrowsAsync<JournalUnavailableException>(() => journal.CommitAsync(Workload.Batch(0, 2)));
        Assert.Equal(JournalFault.Locked, lost.Fault);
        Assert.Contains("another process writes as hub", lost.Message, StringComparison.Ordinal);
        Assert.Equal(JournalFault.Closed, Assert.Throws<JournalUnavailableException>(() => journal.ReadBalances()).Fault);
        Assert.Equal(1, Check()[0]);
    }

    [Fact]
    public async Task A_database_that_forgot_commits_stops_the_journal()
    {
        using var line = new CutLine(instance.Port);
        await using var journal = await OpenAsync(line.Port);
        await journal.CommitAsync(Workload.Batch(0, 1));
        await journal.CommitAsync(Workload.Batch(0, 2));
        instance.Ask($"UPDATE {_schema}.writer SET commits = 0");
        // What a standby looks like that was promoted without the newest commits.
        instance.Ask($"CREATE FUNCTION {_schema}.forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.commits := 0; RETURN NEW; END'; CREATE TRIGGER forget BEFORE UPDATE ON {_schema}.writer FOR EACH ROW EXECUTE FUNCTION {_schema}.forget()");
        var cut = line.CutNextAnswerAsync();
        var forgot = await Assert.ThrowsAsync<JournalUnavailableException>(() => journal.CommitAsync(Workload.Batch(0, 3)));
        await cut;
        Assert.Equal(JournalFault.Corrupt, forgot.Fault);
        Assert.Contains("older copy", forgot.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_goes_on_over_a_lost_connection()
    {
        using var line = new CutLine(instance.Port);
        await using var journal = await OpenAsync(line.Port);
        await journal.CommitAsync(Workload.Batch(0, 1));
        Assert.Equal(2, journal.ReadBalances().Count);
        var cut = line.CutNextAnswerAsync();
        Assert.Equal(2, journal.ReadBalances().Count);
        await cut;
    }

    // A commit that waits in the database for the head of the feed, which somebody else holds, while something happens to it.
    private async Task<long> BlockedAsync(PostgresJournal journal, Action happening)
    {
        await using var other = new NpgsqlConnection(instance.ConnectionString + ";Pooling=False");
        await other.OpenAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using var command = new NpgsqlCommand($"SELECT position FROM {_schema}.feed FOR UPDATE", other, transaction);
        await command.ExecuteNonQueryAsync();
        var commit = journal.CommitAsync(Workload.Batch(0, 2));
        while (instance.Ask($"SELECT count(*) FROM pg_locks WHERE NOT granted") is 0L)
        {
            await Task.Yield();
        }
        happening();
        await transaction.RollbackAsync();
        return await commit;
    }

    private async Task<PostgresJournal> OpenAsync(int port, Action<JournalUnavailableException>? onTrouble = null, string writer = "hub")
    {
        var settings = new NpgsqlConnectionStringBuilder(instance.ConnectionString) { Port = port };
        return await PostgresJournal.OpenAsync(settings.ConnectionString, new PostgresJournalOptions { Schema = _schema, Writer = writer, OnTrouble = onTrouble });
    }

    private Dictionary<int, long> Check()
    {
        using var rows = JournalDatabaseReader.Open(instance.ConnectionString, _schema);
        return WorkloadCheck.HoldsWholeBatches(rows);
    }
}
