using Npgsql;
using SyncHub.Storage.Postgres;
using SyncHub.Storage.Schema;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>What a journal refuses to start on, and what it says.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PostgresFaultTests(PostgresInstance instance)
{
    private static readonly Migration Next = new(Migration.Postgres.Count + 1, "notes", "CREATE TABLE note (text text NOT NULL); INSERT INTO note SELECT 'from ' || count(*) FROM record;");

    private readonly string _schema = "fault_" + Guid.NewGuid().ToString("N")[..12];

    [Fact]
    public void Steps_are_numbered_without_gaps() =>
        Assert.Equal(Enumerable.Range(1, Migration.Postgres.Count), Migration.Postgres.Select(migration => migration.Number));

    [Fact]
    public async Task A_second_process_of_the_same_name_is_refused_and_told_who_holds_it()
    {
        await using (await OpenAsync())
        {
            var error = await Assert.ThrowsAsync<JournalUnavailableException>(() => OpenAsync(new PostgresJournalOptions { TakeOverMs = 100 }));
            Assert.Equal(JournalFault.Locked, error.Fault);
            Assert.Contains($"held by process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
        }
        await (await OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task Two_writers_of_different_names_share_a_feed_without_gaps_and_in_order()
    {
        await using var one = await OpenAsync();
        await using var two = await OpenAsync(new PostgresJournalOptions { Writer = "hub-2" });
        var reading = Task.Run(() =>
        {
            // A reader that has seen a position must have seen every one before it.
            for (var newest = 0L; newest < 400;)
            {
                newest = (long)instance.Ask($"SELECT coalesce(max(position), 0) FROM {_schema}.record")!;
                Assert.Equal(newest, instance.Ask($"SELECT count(*) FROM {_schema}.record WHERE position <= {newest}"));
            }
        });
        await Task.WhenAll(Enumerable.Range(1, 2).Select(stream => Task.Run(async () =>
        {
            for (var version = 1; version <= 200; version++)
            {
                await (stream == 1 ? one : two).CommitAsync(Make.Records(Make.Record(stream, version)));
            }
        })));
        await reading;
    }

    [Fact]
    public async Task Two_writers_of_the_same_stream_cannot_both_commit()
    {
        await using var one = await OpenAsync();
        await using var two = await OpenAsync(new PostgresJournalOptions { Writer = "hub-2" });
        await one.CommitAsync(Make.Records(Make.Record(1, 1)));
        await Assert.ThrowsAsync<JournalConflictException>(() => two.CommitAsync(Make.Records(Make.Record(1, 1))));
        await two.CommitAsync(Make.Records(Make.Record(1, 2)));
        await Assert.ThrowsAsync<JournalConflictException>(() => one.CommitAsync(Make.Records(Make.Record(1, 2))));
    }

    [Fact]
    public async Task An_older_schema_is_upgraded_and_keeps_what_it_holds()
    {
        await using (var journal = await OpenAsync())
        {
            await journal.CommitAsync(Make.Records(Make.Record(1, 1, "kept")));
        }
        await using (var journal = await OpenAsync(new PostgresJournalOptions { Migrations = [.. Migration.Postgres, Next] }))
        {
            Assert.Equal(["1:kept"], journal.ReadRecords(Make.Stream(1), 1, 10).Texts());
            await journal.CommitAsync(Make.Records(Make.Record(1, 2)));
        }
        Assert.Equal("from 1", instance.Ask($"SELECT text FROM {_schema}.note"));
        Assert.Equal(JournalFault.TooNew, (await Assert.ThrowsAsync<JournalUnavailableException>(() => OpenAsync())).Fault);
        var edited = await Assert.ThrowsAsync<JournalUnavailableException>(() => OpenAsync(new PostgresJournalOptions { Migrations = [.. Migration.Postgres, Next with { Sql = Next.Sql + " -- edited" }] }));
        Assert.Contains("different script", edited.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_that_fails_leaves_nothing()
    {
        var broken = Next with { Sql = "CREATE TABLE other (x integer); INSERT INTO missing VALUES (1);" };
        await Assert.ThrowsAsync<JournalUnavailableException>(() => OpenAsync(new PostgresJournalOptions { Migrations = [.. Migration.Postgres, broken] }));
        Assert.Equal(0L, instance.Ask($"SELECT count(*) FROM information_schema.schemata WHERE schema_name = '{_schema}'"));
        await (await OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task Many_processes_may_start_on_an_empty_database_at_once()
    {
        var journals = await Task.WhenAll(Enumerable.Range(1, 5).Select(number => Task.Run(() => OpenAsync(new PostgresJournalOptions { Writer = $"hub-{number}" }))));
        foreach (var journal in journals)
        {
            await journal.DisposeAsync();
        }
        Assert.Equal((long)Migration.Postgres.Count, instance.Ask($"SELECT count(*) FROM {_schema}.migration"));
    }

    [Fact]
    public async Task A_schema_of_another_program_is_refused_and_left_alone()
    {
        instance.Ask($"CREATE SCHEMA {_schema}; CREATE TABLE {_schema}.song (title text)");
        var error = await Assert.ThrowsAsync<JournalUnavailableException>(() => OpenAsync());
        Assert.Contains("another program", error.Message, StringComparison.Ordinal);
        Assert.Equal(1L, instance.Ask($"SELECT count(*) FROM pg_tables WHERE schemaname = '{_schema}'"));
    }

    [Fact]
    public async Task A_cluster_whose_commits_wait_for_no_standby_is_used_and_told_of()
    {
        var told = new List<string>();
        var settings = new NpgsqlConnectionStringBuilder(instance.ConnectionString) { Host = $"127.0.0.1:{instance.Port},127.0.0.1:1" };
        await using var journal = await PostgresJournal.OpenAsync(settings.ConnectionString, new PostgresJournalOptions { Schema = _schema, OnTrouble = trouble => told.Add(trouble.Message) });
        Assert.Contains("synchronous_standby_names", Assert.Single(told), StringComparison.Ordinal);
        await journal.CommitAsync(Make.Records(Make.Record(1, 1)));
    }

    [Theory]
    [InlineData("DELETE FROM record")]
    [InlineData("UPDATE record SET payload = ''")]
    [InlineData("TRUNCATE record")]
    [InlineData("DELETE FROM fact")]
    [InlineData("UPDATE fact SET bytes = ''")]
    [InlineData("TRUNCATE fact")]
    public async Task Records_and_facts_are_append_only_for_everybody(string sql)
    {
        await (await OpenAsync()).DisposeAsync();
        var error = Assert.Throws<PostgresException>(() => instance.Ask($"SET search_path TO {_schema}; {sql}"));
        Assert.Contains("append-only", error.MessageText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Port=1", "reaches it")]
    [InlineData("Password=wrong", "correct the connection string")]
    [InlineData("Database=nowhere", "create it")]
    public async Task A_database_that_cannot_be_used_is_named_with_the_way_out_and_without_the_password(string change, string wayOut)
    {
        var settings = new NpgsqlConnectionStringBuilder(instance.ConnectionString + ";" + change);
        var error = await Assert.ThrowsAsync<JournalUnavailableException>(() => PostgresJournal.OpenAsync(settings.ConnectionString, new PostgresJournalOptions()));
        Assert.Contains(wayOut, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(settings.Password!, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=x;Nonsense=1;Password=secret", null)]
    [InlineData("Host=x;Port=secret", null)]
    [InlineData("Host=x;Password=secret", "bad\";DROP")]
    public async Task A_wrong_setting_is_a_mistake_and_told_without_the_password(string connectionString, string? schema)
    {
        var error = await Assert.ThrowsAsync<ArgumentException>(() => PostgresJournal.OpenAsync(connectionString, new PostgresJournalOptions { Schema = schema ?? "synchub" }));
        Assert.DoesNotContain("Password=secret", error.Message, StringComparison.Ordinal);
    }

    private Task<PostgresJournal> OpenAsync(PostgresJournalOptions? options = null) =>
        PostgresJournal.OpenAsync(instance.ConnectionString, (options ?? new PostgresJournalOptions()) with { Schema = _schema });
}
