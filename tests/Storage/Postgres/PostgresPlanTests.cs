using System.Text.RegularExpressions;
using Npgsql;
using SyncHub.Storage.Postgres;
using Xunit;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>What the database does for the fences of a commit, whatever it knows of the tables.</summary>
[Collection(SharedPostgres.Name)]
public sealed partial class PostgresPlanTests(PostgresInstance instance)
{
    [Fact]
    public async Task The_newest_version_of_a_stream_is_one_look_at_one_index_also_in_a_part_that_nobody_has_analysed()
    {
        using var database = new Database(instance.ConnectionString, new PostgresJournalOptions { Schema = "plan_" + Guid.NewGuid().ToString("N")[..12] });
        await PostgresJournal.PrepareAsync(database);
        await using var connection = await database.OpenAsync();
        await RunAsync(connection, "ALTER TABLE record_0 SET (autovacuum_enabled = off)");
        await RunAsync(connection, "INSERT INTO record (position, partition, stream, version, payload) SELECT n, 0, ('00000000-0000-0000-0000-' || lpad((n % 50)::text, 12, '0'))::uuid, 1 + n / 50, '' FROM generate_series(1, 4000) AS n");
        var parts = new Parts(database);
        await parts.ReachAsync(connection, 0, 1);
        var plan = await RunAsync(connection, $"EXPLAIN SELECT {parts.NewestVersion} FROM unnest(ARRAY['00000000-0000-0000-0000-000000000001']::uuid[]) AS n (stream)");
        Assert.Contains("Backward using record_0_stream_version_key", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Sort", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Bitmap", plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_looks_into_one_part_opens_no_other()
    {
        using var database = new Database(instance.ConnectionString, new PostgresJournalOptions { Schema = "plan_" + Guid.NewGuid().ToString("N")[..12], PartRecords = 1000 });
        await PostgresJournal.PrepareAsync(database);
        await using var connection = await database.OpenAsync();
        await RunAsync(connection, "SELECT add_parts(5000, 1000)::text");
        await using var parts = new Parts(database);
        await parts.ReachAsync(connection, 3500, 1);
        var heads = await RunAsync(connection, $"EXPLAIN SELECT {parts.NewestVersion} FROM unnest(ARRAY['00000000-0000-0000-0000-000000000001']::uuid[]) AS n (stream)");
        Assert.Contains("record_3_stream_version_key", heads, StringComparison.Ordinal);
        Assert.DoesNotContain("record_2", heads, StringComparison.Ordinal);

        await RunAsync(connection, $"PREPARE activation (uuid) AS {PostgresReader.StreamSql}");
        var activation = await RunAsync(connection, "EXPLAIN EXECUTE activation ('00000000-0000-0000-0000-000000000001')");
        Assert.Contains("record_2_stream_version_key", activation, StringComparison.Ordinal);
        Assert.DoesNotContain("fact", activation, StringComparison.Ordinal);

        var body = await RunAsync(connection, "SELECT prosrc FROM pg_proc WHERE proname = 'fact_bytes' AND pronamespace = current_schema()::regnamespace");
        var first = FirstOfFacts().Match(body).Value.Replace(" INTO held", "", StringComparison.Ordinal).Replace("its_position", "$1", StringComparison.Ordinal).Replace("its_store", "$2", StringComparison.Ordinal)
            .Replace("its_incarnation", "$3", StringComparison.Ordinal).Replace("its_sequence", "$4", StringComparison.Ordinal);
        await RunAsync(connection, $"PREPARE fact (bigint, bigint, bigint, bigint) AS {first}");
        var fact = await RunAsync(connection, "EXPLAIN EXECUTE fact (2500, 1, 1, 1)");
        Assert.Contains("fact_2_pkey", fact, StringComparison.Ordinal);
        Assert.DoesNotContain("fact_1", fact, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lone_commit_looks_at_the_same_index()
    {
        using var database = new Database(instance.ConnectionString, new PostgresJournalOptions { Schema = "plan_" + Guid.NewGuid().ToString("N")[..12], PartRecords = 1000 });
        await PostgresJournal.PrepareAsync(database);
        await using var connection = await database.OpenAsync();
        await RunAsync(connection, "SELECT add_parts(5000, 1000)::text");
        await RunAsync(connection, "INSERT INTO record (position, partition, stream, version, payload) SELECT n, 0, ('00000000-0000-0000-0000-' || lpad((n % 50)::text, 12, '0'))::uuid, 1 + n / 50, '' FROM generate_series(1, 4000) AS n");
        var body = await RunAsync(connection, "SELECT prosrc FROM pg_proc WHERE proname = 'commit_one' AND pronamespace = current_schema()::regnamespace");
        var head = HeadOfLoneCommit().Match(body).Value;
        Assert.NotEmpty(head);
        head = head.Replace(" INTO head", "", StringComparison.Ordinal).Replace("its_stream", "$1", StringComparison.Ordinal).Replace("newest_first", "$2", StringComparison.Ordinal).Replace("newest_last", "$3", StringComparison.Ordinal);
        await RunAsync(connection, $"PREPARE head (uuid, bigint, bigint) AS {head}");
        var plan = await RunAsync(connection, "EXPLAIN EXECUTE head ('00000000-0000-0000-0000-000000000001', 3001, 4000)");
        Assert.Contains("Backward using record_3_stream_version_key", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("record_2", plan, StringComparison.Ordinal); // nor at any other part
        Assert.DoesNotContain("->  Sort", plan, StringComparison.Ordinal); // parts may be merged by the key that their indexes have
        Assert.DoesNotContain("Bitmap", plan, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"SELECT r\.version INTO head FROM record r WHERE [^;]*BETWEEN[^;]*", RegexOptions.None, 1000)]
    private static partial Regex HeadOfLoneCommit();

    [GeneratedRegex("SELECT f.bytes INTO held[^;]*position[^;]*", RegexOptions.None, 1000)]
    private static partial Regex FirstOfFacts();

    private static async Task<string> RunAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // the test's own words
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await using var rows = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await rows.ReadAsync())
        {
            lines.Add(rows.GetString(0));
        }

        return string.Join('\n', lines);
    }
}
