using System.Diagnostics;
using Npgsql;
using SyncHub.Storage.Postgres;
using Xunit;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>A session that reads while a part is attached may keep its old list of parts (PartSight): it is told once more when it is done.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PartSightTests(PostgresInstance instance)
{
    private const int Size = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _schema = "sight_" + Guid.NewGuid().ToString("N")[..12];

    [Fact]
    public async Task Who_held_the_tables_when_a_part_was_made_is_told_of_it_afterwards_and_holds_up_no_commit_for_long()
    {
        await using var journal = await PostgresJournal.OpenAsync(instance.ConnectionString, new PostgresJournalOptions { Schema = _schema, PartRecords = Size });
        await journal.CommitAsync(Make.Records(Make.Record(1, 1)));
        await using var reader = await ConnectAsync();
        var before = await WordsAsync(reader);
        await using (var report = await reader.BeginTransactionAsync())
        {
            await using var look = new NpgsqlCommand("SELECT count(*) FROM record", reader, report);
            Assert.Equal(1L, await look.ExecuteScalarAsync());

            for (var version = 2; version <= 2 * Size; version++)
            {
                await journal.CommitAsync(Make.Records(Make.Record(1, version)));
            }
            await using var watcher = await ConnectAsync();
            Assert.Equal("2", await ScalarAsync(watcher, "SELECT (count(*) FILTER (WHERE first <= 10))::text FROM journal_part"));
            Assert.Equal(before, await WordsAsync(watcher));
        }

        var since = Stopwatch.GetTimestamp();
        while (await WordsAsync(reader) is var words && words.Split('/').Intersect(before.Split('/')).Any())
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < Patience, $"the tables' words stayed {words}");
            await Task.Delay(10);
        }
    }

    // Which transactions wrote last what the catalogue says of the tables' column.
    private static Task<string> WordsAsync(NpgsqlConnection connection) =>
        ScalarAsync(connection, "SELECT string_agg(xmin::text, '/' ORDER BY attrelid) FROM pg_attribute WHERE attrelid IN ('record'::regclass, 'fact'::regclass) AND attname = 'position'");

    private static async Task<string> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(instance.ConnectionString) { SearchPath = _schema, Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }
}
