using Microsoft.Data.Sqlite;
using SyncHub.Storage.Schema;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Storage.Tests;

/// <summary>How a file of an older program becomes one of this program.</summary>
public sealed class SqliteMigrationTests : IDisposable
{
    private static readonly Migration Second = new(2, "notes", "CREATE TABLE note (text TEXT NOT NULL) STRICT; INSERT INTO note SELECT 'from ' || count(*) FROM record;");

    private readonly TempFolder _folder = new();

    [Fact]
    public void Steps_are_numbered_without_gaps() =>
        Assert.Equal(Enumerable.Range(1, Migration.Sqlite.Count), Migration.Sqlite.Select(migration => migration.Number));

    [Fact]
    public async Task An_older_file_is_upgraded_when_it_is_opened_and_keeps_what_it_holds()
    {
        await using (var journal = Open(Migration.Sqlite))
        {
            await journal.CommitAsync(Make.Records(Make.Record(1, 1, "kept")));
        }
        await using (var journal = Open([.. Migration.Sqlite, Second]))
        {
            Assert.Equal(["1:kept"], journal.ReadRecords(Make.Stream(1), 1, 10).Texts());
            await journal.CommitAsync(Make.Records(Make.Record(1, 2)));
        }
        Assert.Equal("from 1", Ask("SELECT text FROM note"));
        Assert.Equal(2L, Ask("PRAGMA user_version"));
        Assert.Equal("1 journal,2 notes", Ask("SELECT group_concat(number || ' ' || name) FROM (SELECT * FROM migration ORDER BY number)"));
    }

    [Fact]
    public async Task A_step_runs_once()
    {
        await Open([.. Migration.Sqlite, Second]).DisposeAsync();
        await Open([.. Migration.Sqlite, Second]).DisposeAsync();
        Assert.Equal(1L, Ask("SELECT count(*) FROM note"));
    }

    [Fact]
    public async Task A_step_that_fails_leaves_the_file_as_it_was()
    {
        await Open(Migration.Sqlite).DisposeAsync();
        var broken = new Migration(3, "broken", "CREATE TABLE other (x INTEGER) STRICT; INSERT INTO missing VALUES (1);");
        var error = Assert.Throws<JournalUnavailableException>(() => Open([.. Migration.Sqlite, Second, broken]));
        Assert.Contains("missing", error.Message, StringComparison.Ordinal);
        Assert.Equal((long)Migration.Sqlite.Count, Ask("PRAGMA user_version"));
        Assert.Equal(0L, Ask("SELECT count(*) FROM sqlite_schema WHERE name IN ('note', 'other')"));
        await Open(Migration.Sqlite).DisposeAsync();
    }

    [Fact]
    public async Task A_file_made_by_a_changed_script_is_refused()
    {
        await Open([.. Migration.Sqlite, Second]).DisposeAsync();
        var error = Assert.Throws<JournalUnavailableException>(() => Open([.. Migration.Sqlite, Second with { Sql = Second.Sql + " -- edited" }]));
        Assert.Equal(JournalFault.Corrupt, error.Fault);
        Assert.Contains("different script", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_with_more_steps_than_this_program_knows_is_refused()
    {
        await Open([.. Migration.Sqlite, Second]).DisposeAsync();
        Assert.Equal(JournalFault.TooNew, Assert.Throws<JournalUnavailableException>(() => Open(Migration.Sqlite)).Fault);
    }

    public void Dispose() => _folder.Dispose();

    private SqliteJournal Open(IReadOnlyList<Migration> migrations) => SqliteJournal.Open(_folder.Journal, new SqliteJournalOptions { Migrations = migrations });

    private object? Ask(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_folder.Journal};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
