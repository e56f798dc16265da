using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using SyncHub.Storage.Files;
using SyncHub.Storage.Schema;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;
using SyncHub.Storage.Sqlite.Schema;

namespace SyncHub.Storage.Retention;

/// <summary>Writes a part of a journal into a file of its own: a SQLite journal that holds records and facts and nothing else, payloads sealed as they were.</summary>
/// <remarks>Crash rule: until <see cref="Finish"/> has returned there is only a file with another name, which the next attempt overwrites. Thread rule: one thread at a time.</remarks>
internal sealed class PartFileWriter : IDisposable
{
    private const int RowsPerTransaction = 50_000;

    private readonly string _path;
    private readonly string _draft;
    private readonly SqliteConnection _connection;
    private readonly Statement _record;
    private readonly Statement _fact;
    private long _rows;

    public PartFileWriter(string path)
    {
        (_path, _draft) = (path, path + ".draft");
        File.Delete(_draft);
        PrivateFile.Write(_draft, []); // its owner's alone, as every database
        _connection = Connections.OpenBare(_draft);
        try
        {
            // No journal and no sync while it is written: it counts from when it has been synced as a whole.
            Connections.Do(_connection, "PRAGMA synchronous = OFF");
            Connections.Ask(_connection, "PRAGMA journal_mode = OFF");
            Connections.Do(_connection, "PRAGMA cache_size = -65536");
            Migrator.BringUpToDate(_connection, _draft, Migration.Sqlite);
            Connections.Do(_connection, "CREATE TABLE producer (store INTEGER NOT NULL, incarnation INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL, PRIMARY KEY (store, incarnation)) STRICT, WITHOUT ROWID");
            _record = new Statement(_connection, "INSERT INTO record (position, partition, stream, version, payload, store, incarnation, sequence) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
            _fact = new Statement(_connection, "INSERT INTO fact (store, incarnation, sequence, hash, bytes) VALUES (?1, ?2, ?3, ?4, ?5)");
            Connections.Do(_connection, "BEGIN");
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>Appends a record.</summary>
    public void Add(long position, int partition, StreamId stream, long version, FactKey? fact, ReadOnlySpan<byte> payload)
    {
        _record.Bind(position).Bind(partition).Bind(stream).Bind(version).Bind(payload);
        if (fact is { } key)
        {
            _record.Bind(key.Producer).Bind(key.Sequence);
        }
        else
        {
            _record.BindNull().BindNull().BindNull();
        }
        _record.Run();
        Count();
    }

    /// <summary>Appends a fact.</summary>
    public void Add(FactKey key, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> bytes)
    {
        _fact.Bind(key.Producer).Bind(key.Sequence).Bind(hash).Bind(bytes).Run();
        Count();
    }

    /// <summary>Says that the rows are sealed, where they are.</summary>
    public void Mark(byte[]? seal)
    {
        if (seal is not null)
        {
            using var mark = new Statement(_connection, "INSERT INTO document (collection, key, value) VALUES (?1, ?2, ?3)");
            mark.Bind(SealMark.Collection).Bind(SealMark.Key).Bind(seal).Run();
        }
    }

    /// <summary>Syncs the file, gives it its name, and syncs that.</summary>
    /// <returns>Its SHA-256.</returns>
    public byte[] Finish()
    {
        Connections.Do(_connection, "INSERT INTO producer (store, incarnation, low, high) SELECT store, incarnation, min(sequence), max(sequence) FROM fact GROUP BY store, incarnation");
        Connections.Do(_connection, "COMMIT");
        Close();
        byte[] sum;
        using (var file = new FileStream(_draft, FileMode.Open, FileAccess.ReadWrite))
        {
            sum = SHA256.HashData(file);
            file.Flush(flushToDisk: true);
        }
        File.Move(_draft, _path, overwrite: true);
        DirectorySync.Flush(Path.GetDirectoryName(_path)!);
        return sum;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        File.Delete(_draft);
    }

    private void Count()
    {
        if (++_rows % RowsPerTransaction == 0)
        {
            Connections.Do(_connection, "COMMIT");
            Connections.Do(_connection, "BEGIN");
        }
    }

    private void Close()
    {
        _record.Dispose();
        _fact.Dispose();
        _connection.Dispose();
    }
}
