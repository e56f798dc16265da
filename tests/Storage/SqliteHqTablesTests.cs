using SyncHub.Storage.Hq;
using SyncHub.Storage.Sqlite;
using SyncHub.Storage.Sqlite.Hq;

namespace SyncHub.Storage.Tests;

/// <summary>The tables of HQ in a file.</summary>
public sealed class SqliteHqTablesTests : HqTablesConformance, IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly List<SqliteHqTables> _open = [];

    public SqliteHqTablesTests() => Tables = OpenAgain();

    protected override IHqTables Tables { get; }

    private string File => _folder.File("hub.hq.db");

    [Fact]
    public void Another_program_reads_while_the_hub_writes()
    {
        using var reader = Connections.OpenReader(File, new SqliteJournalOptions());
        Assert.Equal("0", Connections.Ask(reader, "SELECT cast(count(*) AS TEXT) FROM hq_op"));
        Assert.True(Tables.TryWrite(new HqPage(0, 1)));
    }

    public void Dispose()
    {
        _open.ForEach(tables => tables.Dispose());
        _folder.Dispose();
    }

    protected override IHqTables OpenAgain()
    {
        _open.Add(SqliteHqTables.Open(File));
        return _open[^1];
    }

    protected override IReadOnlyList<string> Ask(string sql)
    {
        using var reader = Connections.OpenReader(File, new SqliteJournalOptions());
        using var statement = new Statement(reader, sql);
        return statement.Rows(static row => row.Text(0));
    }
}
