using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace SyncHub.Bench;

/// <summary>A PostgreSQL of the bench's own, with real durability, on a disk; it ends with the bench.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private readonly string _script;
    private readonly string _folder;
    private readonly string _connection;

    private PostgresServer(string script, string folder)
    {
        _script = script;
        _folder = folder;
        _connection = File.ReadAllText(Path.Combine(folder, "connection")).Trim();
        ProcessId = int.Parse(File.ReadLines(Path.Combine(folder, "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);
    }

    /// <summary>The number of its first process; the others are its children.</summary>
    public int ProcessId { get; }

    /// <summary>Starts it.</summary>
    public static async Task<PostgresServer> StartAsync(string root, CancellationToken cancellation)
    {
        var script = Path.Combine(root, "deploy", "scripts", "postgres.sh");
        var folder = await RunAsync(script, cancellation, "start", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        return new PostgresServer(script, folder.Trim().Split('\n')[^1]);
    }

    /// <summary>An empty database.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync(string name, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(_connection);
        await connection.OpenAsync(cancellation);
        foreach (var sql in (string[])[$"DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)", $"CREATE DATABASE \"{name}\""])
        {
#pragma warning disable CA2100 // the bench's own words
            await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(cancellation);
        }

        return new NpgsqlConnectionStringBuilder(_connection) { Database = name }.ToString();
    }

    public async ValueTask DisposeAsync() => await RunAsync(_script, CancellationToken.None, "stop", _folder);

    private static async Task<string> RunAsync(string script, CancellationToken cancellation, params string[] arguments)
    {
        // Not in /tmp, which may be memory: commits are to meet a disk.
        var start = new ProcessStartInfo(script, arguments) { UseShellExecute = false, RedirectStandardOutput = true };
        start.Environment["SYNCHUB_POSTGRES_ROOT"] = "/var/tmp";
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{script} does not start.");
        var said = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode == 0 ? said : throw new InvalidOperationException($"{script} {string.Join(' ', arguments)} ended with code {process.ExitCode}.");
    }
}
