using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SyncHub.Storage.Schema;

/// <summary>One numbered step of the schema. A step that has been released never changes; a correction is a new step.</summary>
/// <param name="Number">1 for the first, without gaps; it becomes the schema's version.</param>
/// <param name="Name">What the step is about.</param>
/// <param name="Sql">Its script.</param>
internal sealed record Migration(int Number, string Name, string Sql)
{
    /// <summary>The steps of this build for SQLite, oldest first, from Sqlite/Migrations/NNNN_name.sql.</summary>
    public static IReadOnlyList<Migration> Sqlite { get; } = Load("Sqlite/");

    /// <summary>The steps of this build for the tables of HQ beside a SQLite journal, from Sqlite/Hq/Migrations/NNNN_name.sql. Those of PostgreSQL are steps of the journal's schema.</summary>
    public static IReadOnlyList<Migration> SqliteHq { get; } = Load("SqliteHq/");

    /// <summary>The steps of this build for PostgreSQL, oldest first, from Postgres/Migrations/NNNN_name.sql.</summary>
    public static IReadOnlyList<Migration> Postgres { get; } = Load("Postgres/");

    /// <summary>SHA-256 of the script, in hex: tells a file made by a changed script.</summary>
    public string Checksum => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));

    private static List<Migration> Load(string folder)
    {
        var assembly = typeof(Migration).Assembly;
        var migrations = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.StartsWith(folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var name = resource[folder.Length..];
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            migrations.Add(new Migration(int.Parse(name.AsSpan(0, 4), CultureInfo.InvariantCulture), name[5..], reader.ReadToEnd()));
        }
        return migrations;
    }
}
