using Npgsql;
using SyncHub.Storage.Postgres;
using Xunit;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>What the database does for the fences of a commit, whatever it knows of the tables.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PostgresPlanTests(PostgresInstance instance)
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
