using Npgsql;
using SyncHub.Storage.Hq;
using SyncHub.Storage.Postgres;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>The tables of HQ in PostgreSQL.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PostgresHqTablesTests(PostgresInstance instance) : HqTablesConformance, IAsyncLifetime
{
    private readonly string _schema = "hq_" + Guid.NewGuid().ToString("N")[..12];
    private PostgresJournal? _journal;

    protected override IHqTables Tables => _journal!.HqTables();

    public async Task InitializeAsync() => _journal = await PostgresJournal.OpenAsync(instance.ConnectionString, new PostgresJournalOptions { Schema = _schema });

    public async Task DisposeAsync() => await _journal!.DisposeAsync();

    [Fact]
    public void A_role_of_HQ_reads_the_tables_and_writes_nothing()
    {
        Tables.TryWrite(new HqPage(0, 1));
        instance.Ask($"CREATE ROLE {_schema} LOGIN PASSWORD 'read'; GRANT USAGE ON SCHEMA {_schema} TO {_schema}; GRANT SELECT ON {string.Join(", ", HqSchema.Names.Select(name => $"{_schema}.{name}"))} TO {_schema}");
        var settings = new NpgsqlConnectionStringBuilder(instance.ConnectionString) { Username = _schema, Password = "read", SearchPath = _schema, Pooling = false };
        using var connection = new NpgsqlConnection(settings.ConnectionString);
        connection.Open();
        foreach (var table in HqSchema.Names)
        {
            Assert.Equal(0L, Run(connection, $"SELECT count(*) FROM {table}"));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, Assert.Throws<PostgresException>(() => Run(connection, $"DELETE FROM {table}")).SqlState);
        }

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, Assert.Throws<PostgresException>(() => Run(connection, "SELECT payload FROM record")).SqlState);
    }

    [Fact]
    public async Task A_page_is_written_while_a_commit_holds_the_feed()
    {
        await using var other = new NpgsqlConnection(instance.ConnectionString);
        await other.OpenAsync();
        await using var transaction = await other.BeginTransactionAsync();
        Run(other, $"SELECT position FROM {_schema}.feed FOR UPDATE");
        Assert.True(Tables.TryWrite(new HqPage(0, 1)));
    }

    protected override IHqTables OpenAgain() => _journal!.HqTables();

    protected override IReadOnlyList<string> Ask(string sql)
    {
        using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(instance.ConnectionString) { SearchPath = _schema }.ConnectionString);
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        using var rows = command.ExecuteReader();
        var found = new List<string>();
        while (rows.Read())
        {
            found.Add(Convert.ToString(rows.GetValue(0), System.Globalization.CultureInfo.InvariantCulture)!);
        }

        return found;
    }

    private static object? Run(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        return command.ExecuteScalar();
    }
}
