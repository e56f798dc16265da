using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Xunit;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>A private PostgreSQL of the tests, started by the project's script and removed with the process.</summary>
/// <remarks>Tests of what every journal does share one instance, each with a schema of its own; a test that stops the server starts its own.</remarks>
public sealed class PostgresInstance : IDisposable
{
    private static readonly string Script = Path.Combine(FindRoot(), "deploy", "scripts", "postgres.sh");
    private readonly string _folder;

    public PostgresInstance()
        : this("")
    {
    }

    private PostgresInstance(string root)
        : this(["start", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)], root)
    {
    }

    private PostgresInstance(string[] how, string root)
    {
        _folder = Run(root, how).Trim();
        ConnectionString = File.ReadAllText(Path.Combine(_folder, "connection")).Trim();
    }

    /// <summary>An instance whose files lie below <paramref name="root"/>.</summary>
    internal static PostgresInstance Below(string root) => new(root);

    /// <summary>Starts a standby of this instance, for which its commits wait from then on. Its connection string names both.</summary>
    internal PostgresInstance StartStandby() => new(["standby", _folder, Environment.ProcessId.ToString(CultureInfo.InvariantCulture)], "");

    /// <summary>A standby becomes the primary.</summary>
    internal void Promote() => Run("", "promote", _folder);

    /// <summary>For the superuser of the instance.</summary>
    public string ConnectionString { get; }

    /// <summary>Where the instance listens.</summary>
    public int Port => new NpgsqlConnectionStringBuilder(ConnectionString).Port;

    /// <summary>The server ends: "fast" as an operator stops it, "immediate" as a power cut would.</summary>
    public void Halt(string mode) => Run("", "halt", _folder, mode);

    /// <summary>The server again, on its port.</summary>
    public void Resume() => Run("", "resume", _folder);

    /// <summary>Runs a statement as the superuser and gives its first value.</summary>
    public object? Ask(string sql)
    {
        using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=False");
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        return command.ExecuteScalar();
    }

    public void Dispose() => Run("", "stop", _folder);

    private static string Run(string root, params string[] arguments)
    {
        var start = new ProcessStartInfo(Script) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        if (root.Length > 0)
        {
            start.Environment["SYNCHUB_POSTGRES_ROOT"] = root;
        }
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"postgres.sh {string.Join(' ', arguments)} failed: {errors.Result}");
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "SyncHub.sln")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside the repository.");
    }
}

/// <summary>The tests that share one instance.</summary>
[CollectionDefinition(Name)]
public sealed class SharedPostgres : ICollectionFixture<PostgresInstance>
{
    public const string Name = "one PostgreSQL";
}
