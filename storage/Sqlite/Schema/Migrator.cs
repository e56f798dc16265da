using System.Globalization;
using Microsoft.Data.Sqlite;
using SyncHub.Storage.Schema;

namespace SyncHub.Storage.Sqlite.Schema;

/// <summary>Brings a file to the newest schema when it is opened.</summary>
/// <remarks>Crash rule: all missing steps and the new version number are one transaction, so a file is at a version or at the one before it.</remarks>
internal static class Migrator
{
    // "SHub" in ASCII, in the file's header: tells a journal from any other SQLite file.
    private const int ApplicationId = 0x53487562;

    /// <exception cref="JournalUnavailableException">The file is of a newer program, of another program, or made by scripts that are not these.</exception>
    public static void BringUpToDate(SqliteConnection connection, string path, IReadOnlyList<Migration> migrations)
    {
        var version = Number(connection, "PRAGMA user_version");
        if (version > migrations.Count)
        {
            throw new JournalUnavailableException(JournalFault.TooNew,
                $"{path}: schema version {version}, but this program knows only {migrations.Count}. Run the newer program, or restore a backup made before the upgrade.");
        }
        ThrowIfForeign(connection, path, version);
        ThrowIfChanged(connection, path, migrations, version);
        if (version == migrations.Count)
        {
            return;
        }

        Execute(connection, "BEGIN IMMEDIATE");
        try
        {
            Execute(connection, "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT");
            foreach (var migration in migrations.Skip((int)version))
            {
                Execute(connection, migration.Sql);
                using var applied = new Statement(connection, "INSERT INTO migration (number, name, checksum) VALUES (?1, ?2, ?3)");
                applied.Bind(migration.Number).Bind(migration.Name).Bind(migration.Checksum).Run();
            }
            Execute(connection, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {migrations.Count}; COMMIT");
        }
        catch
        {
            // Closing the connection would roll back as well; here it is explicit so that the caller may still look at the file.
            if (SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle!) == 0)
            {
                Execute(connection, "ROLLBACK");
            }
            throw;
        }
    }

    private static void ThrowIfForeign(SqliteConnection connection, string path, long version)
    {
        var id = Number(connection, "PRAGMA application_id");
        var isNew = version == 0 && id == 0 && Number(connection, "SELECT count(*) FROM sqlite_schema") == 0;
        if (id != ApplicationId && !isNew)
        {
            throw new JournalUnavailableException(JournalFault.Corrupt,
                $"{path}: a database of another program (application id {id}). Correct the path, or move that file away.");
        }
    }

    private static void ThrowIfChanged(SqliteConnection connection, string path, IReadOnlyList<Migration> migrations, long version)
    {
        if (version == 0)
        {
            return;
        }
        using var applied = new Statement(connection, "SELECT number, name, checksum FROM migration ORDER BY number");
        var rows = applied.Rows(static row => (Number: row.Integer(0), Name: row.Text(1), Checksum: row.Text(2)));
        foreach (var migration in migrations.Take((int)version))
        {
            var made = rows.Find(row => row.Number == migration.Number);
            if (made.Checksum != migration.Checksum)
            {
                throw new JournalUnavailableException(JournalFault.Corrupt,
                    $"{path}: step {migration.Number} ({migration.Name}) was made by a different script ({made.Name} {made.Checksum}; this program has {migration.Checksum}). Run the program that made the file.");
            }
        }
    }

    private static long Number(SqliteConnection connection, string sql) =>
        long.Parse(Connections.Ask(connection, sql), CultureInfo.InvariantCulture);

    // Scripts hold many statements, which a prepared statement cannot.
    private static void Execute(SqliteConnection connection, string sql)
    {
        var code = SQLitePCL.raw.sqlite3_exec(connection.Handle!, sql);
        SqliteException.ThrowExceptionForRC(code, connection.Handle!);
    }
}
