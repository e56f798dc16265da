using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using SyncHub.Storage.Sealing;

namespace SyncHub.Storage.Sqlite;

/// <summary>Seals every value of a journal file anew with the newest key of its ring, so that the older keys can be dropped.</summary>
/// <remarks>
/// The owner must not run. A thousand values a transaction; interrupted, it is simply run again: each value says which key it needs.
/// The only code that changes rows of an append-only table, and only how they are sealed: a value that does not open stops it.
/// </remarks>
public static class JournalRewrite
{
    private const int Page = 1000;

    private static readonly Table[] Tables =
    [
        new("record", "payload", ["stream", "version"], key => Place.OfRecord(new StreamId(BinaryPrimitives.ReadUInt128BigEndian((byte[])key[0])), (long)key[1])),
        new("fact", "bytes", ["store", "incarnation", "sequence"], key => Place.OfFact(new ProducerId((long)key[0], (long)key[1]), (long)key[2])),
        new("snapshot", "payload", ["stream"], row => Place.OfSnapshot(new StreamId(BinaryPrimitives.ReadUInt128BigEndian((byte[])row[0])), (long)row[1]), "version"),
        new("document", "value", ["collection", "key"], key => Place.OfDocument((string)key[0], (byte[])key[1])),
    ];

    /// <summary>Rewrites what is not sealed with the newest key.</summary>
    /// <returns>How many values were rewritten.</returns>
    /// <exception cref="JournalUnavailableException">The owner runs, or a value does not open.</exception>
    public static long Run(string path, KeyRing ring)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(ring);
        path = Path.GetFullPath(path);
        using var owner = FileLock.Take(path);
        try
        {
            using var connection = Connections.OpenWriter(path, new SqliteJournalOptions());
            var rewritten = Run(connection, ring);
            Run(connection, "PRAGMA wal_checkpoint(TRUNCATE)", []);
            return rewritten;
        }
        catch (SqliteException error)
        {
            throw SqliteFaults.From(error, path);
        }
    }

    /// <summary>The same in a file that nobody else has open.</summary>
    internal static long Run(SqliteConnection connection, KeyRing ring)
    {
        var triggers = Read(connection, "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'", [], row => (Name: row.GetString(0), Sql: row.GetString(1)));
        var sealer = new Sealer(ring);
        return Tables.Sum(table => Rewrite(connection, table, sealer, ring.Newest, triggers));
    }

    private static long Rewrite(SqliteConnection connection, Table table, Sealer sealer, byte newest, IReadOnlyList<(string Name, string Sql)> triggers)
    {
        var columns = string.Join(", ", table.Key);
        object[]? after = null;
        var rewritten = 0L;
        while (true)
        {
            var from = after is null ? "" : $"WHERE ({columns}) > ({string.Join(", ", table.Key.Select((_, i) => $"$p{i}"))})";
            var rows = Read(connection, $"SELECT {columns}, {table.Extra ?? "0"}, {table.Value} FROM {table.Name} {from} ORDER BY {columns} LIMIT {Page}", after ?? [], row =>
            {
                var fields = new object[row.FieldCount];
                row.GetValues(fields);
                return fields;
            });
            if (rows.Count == 0)
            {
                return rewritten;
            }

            after = rows[^1][..table.Key.Length];
            var old = rows.Where(row => Sealer.KeyOf((byte[])row[^1]) is var key && key != newest && !table.IsPlain(row)).ToArray();
            if (old.Length > 0)
            {
                using var transaction = connection.BeginTransaction();
                foreach (var (name, _) in triggers)
                {
                    Run(connection, $"DROP TRIGGER {name}", []);
                }

                foreach (var row in old)
                {
                    var key = row[..table.Key.Length];
                    var place = table.PlaceOf(row);
                    Run(connection, $"UPDATE {table.Name} SET {table.Value} = $p{key.Length} WHERE ({columns}) = ({string.Join(", ", key.Select((_, i) => $"$p{i}"))})",
                        [.. key, sealer.Seal(sealer.Open((byte[])row[^1], place), place)]);
                }

                foreach (var (_, sql) in triggers)
                {
                    Run(connection, sql, []);
                }

                transaction.Commit();
                rewritten += old.Length;
            }
        }
    }

    private static List<T> Read<T>(SqliteConnection connection, string sql, object[] parameters, Func<SqliteDataReader, T> row)
    {
        using var command = Command(connection, sql, parameters);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    private static void Run(SqliteConnection connection, string sql, object[] parameters)
    {
        using var command = Command(connection, sql, parameters);
        command.ExecuteNonQuery();
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, object[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < parameters.Length; i++)
        {
            command.Parameters.AddWithValue($"$p{i}", parameters[i]);
        }

        return command;
    }

    // A row: the key's columns, the extra one (the version of a snapshot is in its place, not in its key), the value.
    private sealed record Table(string Name, string Value, string[] Key, Func<object[], byte[]> PlaceOf, string? Extra = null)
    {
        public bool IsPlain(object[] row) => Name == "document" && (string)row[0] == SealMark.Collection;
    }
}
