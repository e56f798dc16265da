using System.Security.Cryptography;
using Microsoft.Data.Sqlite;

namespace SyncHub.Bench;

/// <summary>The floor under every durable op: SQLite alone, one row and one commit at a time, synchronous = FULL, on the same disk.</summary>
internal sealed class RawCommits : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insert;
    private readonly byte[] _bytes;

    public RawCommits(string folder, long bytes)
    {
        _bytes = RandomNumberGenerator.GetBytes((int)bytes);
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "raw.db"), Pooling = false }.ToString());
        _connection.Open();
        using var setup = _connection.CreateCommand();
        setup.CommandText = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE raw (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)";
        setup.ExecuteNonQuery();
        _insert = _connection.CreateCommand();
        _insert.CommandText = "INSERT INTO raw (bytes) VALUES ($bytes)";
        _insert.Parameters.AddWithValue("$bytes", _bytes);
        _insert.Prepare();
    }

    /// <summary>One commit.</summary>
    public void Commit() => _insert.ExecuteNonQuery();

    public void Dispose()
    {
        _insert.Dispose();
        _connection.Dispose();
    }
}
