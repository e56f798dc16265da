using Google.Protobuf;
using Microsoft.Data.Sqlite;

namespace SyncHub.Verify.Tests;

/// <summary>The files of one test: a healthy chain in a folder of its own, to be damaged and audited.</summary>
internal sealed class Chains : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("synchub-verify-");

    public string Hub => Path.Combine(_folder.FullName, "hub", "hub.db");

    public static async Task<Chains> HealthyAsync(Func<ChainBuilder, Task>? more = null)
    {
        var chains = new Chains();
        await HealthyChain.WriteAsync(chains._folder.FullName, more);
        return chains;
    }

    public string Agent(int store) => Path.Combine(Folder(store), "agent.db");

    public string Folder(int store) => Path.Combine(_folder.FullName, $"store{store}");

    public AuditReport Audit() => Audit([1, 2]);

    public AuditReport Audit(int[] stores) => Verify.Audit.Run(Path.GetDirectoryName(Hub)!, [.. stores.Select(Folder)], new AuditOptions());

    /// <summary>Runs SQL on a file as somebody would who means harm: the append-only triggers are dropped first.</summary>
    public static void Tamper(string file, string sql, params (string Name, object Value)[] parameters)
    {
        using var connection = Open(file);
        foreach (var trigger in (string[])["record_keeps_its_rows", "record_keeps_its_values", "fact_keeps_its_rows", "fact_keeps_its_values"])
        {
            Execute(connection, $"DROP TRIGGER IF EXISTS {trigger}");
        }

        Assert.True(Execute(connection, sql, parameters) > 0, $"The damage hit no row: {sql}");
    }

    public static byte[] Read(string file, string sql)
    {
        using var connection = Open(file);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (byte[])command.ExecuteScalar()!;
    }

    /// <summary>Changes a message where it lies.</summary>
    public static void Edit<T>(string file, string table, string column, string where, Action<T> change)
        where T : IMessage<T>, new()
    {
        var message = new T();
        message.MergeFrom(Read(file, $"SELECT {column} FROM {table} WHERE {where}"));
        change(message);
        Tamper(file, $"UPDATE {table} SET {column} = $value WHERE {where}", ("$value", message.ToByteArray()));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static SqliteConnection Open(string file)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private static int Execute(SqliteConnection connection, string sql, params (string Name, object Value)[] parameters)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command.ExecuteNonQuery();
    }
}
