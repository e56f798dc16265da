using Npgsql;
using SyncHub.Storage.Schema;

namespace SyncHub.Storage.Postgres;

/// <summary>Brings a database's schema to the newest step.</summary>
/// <remarks>
/// Crash rule: all missing steps and their numbers are one transaction. Several processes may start at once: an advisory lock lets one
/// work, and the others find the work done.
/// </remarks>
internal static class PostgresMigrator
{
    // A step that locks tables in another order than those who work on them may be the one that the database sends away.
    private const int Attempts = 10;

    /// <exception cref="JournalUnavailableException">The schema is of a newer program, of another program, or made by scripts that are not these.</exception>
    public static void BringUpToDate(NpgsqlConnection connection, Database database)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                MoveOn(connection, database);
                return;
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.DeadlockDetected && attempt < Attempts)
            {
            }
        }
    }

    private static void MoveOn(NpgsqlConnection connection, Database database)
    {
        var (name, migrations) = (database.Name, database.Options.Migrations);
        using var transaction = connection.BeginTransaction();
        // A step takes as long as it takes, and this process may wait for its turn on a busy machine; a lease is for commits.
        Execute(connection, "SET LOCAL idle_in_transaction_session_timeout = '60s'");
        Execute(connection, "SELECT set_config('synchub.part_records', $1, true)", database.Options.PartRecords.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Execute(connection, "SELECT pg_advisory_xact_lock(hashtextextended('synchub migration ' || $1, 0))", database.Options.Schema);
        if (Ask(connection, "SELECT to_regclass('migration') IS NOT NULL AND to_regclass('migration')::oid IN (SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace($1))", database.Options.Schema) is not true)
        {
            if (Ask(connection, "SELECT EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace($1))", database.Options.Schema) is true)
            {
                throw new JournalUnavailableException(JournalFault.Corrupt, $"{name}: the schema belongs to another program. Choose another schema or database.");
            }
            Execute(connection, $"CREATE SCHEMA IF NOT EXISTS \"{database.Options.Schema}\"");
            Execute(connection, "CREATE TABLE migration (number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
        }
        var applied = Applied(connection);
        if (applied.Count > migrations.Count)
        {
            throw new JournalUnavailableException(JournalFault.TooNew,
                $"{name}: schema version {applied.Count}, but this program knows only {migrations.Count}. Run the newer program, or restore a backup made before the upgrade.");
        }
        ThrowIfChanged(applied, migrations, name);
        foreach (var migration in migrations.Skip(applied.Count))
        {
            Execute(connection, migration.Sql);
            using var done = new NpgsqlCommand("INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3)", connection)
            {
                Parameters = { new() { Value = migration.Number }, new() { Value = migration.Name }, new() { Value = migration.Checksum } },
            };
            done.ExecuteNonQuery();
        }
        transaction.Commit();
    }

    private static List<(int Number, string Name, string Checksum)> Applied(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand("SELECT number, name, checksum FROM migration ORDER BY number", connection);
        using var rows = command.ExecuteReader();
        var applied = new List<(int, string, string)>();
        while (rows.Read())
        {
            applied.Add((rows.GetInt32(0), rows.GetString(1), rows.GetString(2)));
        }
        return applied;
    }

    private static void ThrowIfChanged(List<(int Number, string Name, string Checksum)> applied, IReadOnlyList<Migration> migrations, string name)
    {
        foreach (var (made, migration) in applied.Zip(migrations))
        {
            if (made.Number != migration.Number || made.Checksum != migration.Checksum)
            {
                throw new JournalUnavailableException(JournalFault.Corrupt,
                    $"{name}: step {migration.Number} ({migration.Name}) was made by a different script ({made.Name} {made.Checksum}; this program has {migration.Checksum}). Run the program that made the schema.");
            }
        }
    }

    private static void Execute(NpgsqlConnection connection, string sql, string? parameter = null)
    {
        using var command = new NpgsqlCommand(sql, connection);
        if (parameter is not null)
        {
            command.Parameters.Add(new() { Value = parameter });
        }
        command.ExecuteNonQuery();
    }

    private static object? Ask(NpgsqlConnection connection, string sql, string parameter)
    {
        using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = parameter } } };
        return command.ExecuteScalar();
    }
}
