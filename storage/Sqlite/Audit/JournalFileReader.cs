using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using SyncHub.Storage.Audit;
using SyncHub.Storage.Sealing;

namespace SyncHub.Storage.Sqlite.Audit;

/// <summary>The rows of a journal file as they are, for an audit that must not trust the program that wrote them.</summary>
/// <remarks>
/// It shares no code with <see cref="SqliteJournal"/>: other queries, another binding, no lock, no migration, no repair. The file may be
/// live, left by a killed process (its -wal is read too), or a copy. Everything read is one view, as of <see cref="Open"/>, also while the
/// owner goes on writing; the owner's log cannot be emptied until the reader is disposed, so do that soon.
/// A sealed file is read with the keys that lie where they usually do (<see cref="KeyRing.UsualPaths"/>); the unsealing is the one code that is shared.
/// Thread rule: one thread at a time, and one enumeration after the other. It writes nothing except SQLite's own -shm index beside the file,
/// for which the folder must be writable.
/// </remarks>
public sealed class JournalFileReader : IJournalRows
{
    private readonly string _path;
    private readonly SqliteConnection _connection;
    private readonly string[] _keyFiles;
    private IReadOnlySet<string>? _hiddenKeys; // null: not sealed
    private Sealer? _sealer;

    private JournalFileReader(string path, SqliteConnection connection, string[] keyFiles)
    {
        _keyFiles = keyFiles;
        _path = path;
        _connection = connection;
    }

    /// <summary>Opens the file read-only.</summary>
    /// <exception cref="JournalUnavailableException">There is no such file, or it is not a readable database.</exception>
    public static JournalFileReader Open(string path) => Open(path, asStored: false);

    /// <summary>Opens the file read-only; payloads come as they lie there, sealed or not.</summary>
    /// <exception cref="JournalUnavailableException">There is no such file, or it is not a readable database.</exception>
    internal static JournalFileReader OpenAsStored(string path) => Open(path, asStored: true);

    /// <summary>Opens a part that has left a database, with the database's keys.</summary>
    /// <exception cref="JournalUnavailableException">There is no such file, or it is not a readable database.</exception>
    internal static JournalFileReader OpenPart(string path, string[] keyFiles) => Open(path, asStored: false, keyFiles);

    private static JournalFileReader Open(string path, bool asStored, string[]? keyFiles = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = Path.GetFullPath(path);
        var settings = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false };
        var reader = new JournalFileReader(path, new SqliteConnection(settings.ToString()), keyFiles ?? [.. KeyRing.UsualPaths(path)]);
        try
        {
            reader.TakeView();
            if (!asStored)
            {
                reader.FindMark();
            }

            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>The file.</summary>
    internal string FilePath => _path;

    /// <summary>All records in position order.</summary>
    public IEnumerable<RecordRow> Records() =>
        Rows("SELECT position, partition, stream, version, payload, store, incarnation, sequence FROM record ORDER BY position", row =>
            new RecordRow(row.GetInt64(0), row.GetInt32(1), Stream(row, 2), row.GetInt64(3), Opened(row, 4, Place.OfRecord(Stream(row, 2), row.GetInt64(3))), row.IsDBNull(5) ? null : new FactKey(Producer(row, 5), row.GetInt64(7))));

    /// <summary>All facts, by producer and sequence.</summary>
    public IEnumerable<StoredFact> Facts() =>
        Rows("SELECT store, incarnation, sequence, hash, bytes FROM fact ORDER BY store, incarnation, sequence", row =>
            new StoredFact(Producer(row, 0), row.GetInt64(2), Bytes(row, 3), Opened(row, 4, Place.OfFact(Producer(row, 0), row.GetInt64(2)))));

    /// <summary>All snapshots.</summary>
    public IEnumerable<SnapshotRow> Snapshots() =>
        Rows("SELECT stream, version, payload FROM snapshot ORDER BY stream", row =>
            new SnapshotRow(Stream(row, 0), row.GetInt64(1), Opened(row, 2, Place.OfSnapshot(Stream(row, 0), row.GetInt64(1)))));

    /// <summary>All cursors, by name and producer.</summary>
    public IEnumerable<CursorRow> Cursors() =>
        Rows("SELECT name, store, incarnation, sequence, hash FROM cursor ORDER BY name, store, incarnation", static row =>
            new CursorRow(row.GetString(0), Producer(row, 1), row.GetInt64(3), Bytes(row, 4)));

    /// <summary>The documents of <paramref name="collection"/>, or of all where it is null, in the order of their stored keys.</summary>
    public IEnumerable<DocumentRow> Documents(string? collection = null) =>
        Rows($"SELECT collection, key, value FROM document {(collection is null ? "" : "WHERE collection = $collection")} ORDER BY collection, key", row =>
            Opened(new DocumentRow(row.GetString(0), Bytes(row, 1), Bytes(row, 2))), ("$collection", collection));

    /// <summary>All balances, each partition's share by itself.</summary>
    public IEnumerable<BalanceRow> Balances() =>
        Rows("SELECT partition, account, asset, amount FROM balance ORDER BY account, asset, partition", static row =>
            new BalanceRow(row.GetInt32(0), row.GetString(1), row.GetString(2), row.GetInt64(3)));

    /// <summary>What SQLite finds wrong with the file's structure, one line each; the single line "ok" where nothing is. Reads the whole file.</summary>
    public IReadOnlyList<string> IntegrityCheck() => [.. Rows("PRAGMA integrity_check", static row => row.GetString(0))];

    /// <summary>Closes the file and lets the owner's log be emptied.</summary>
    public void Dispose() => _connection.Dispose();

    private void TakeView()
    {
        try
        {
            _connection.Open();
            Execute("PRAGMA query_only = ON");
            // A deferred transaction takes its view at the first read, hence the SELECT.
            Execute("BEGIN; SELECT count(*) FROM sqlite_schema");
        }
        catch (SqliteException error)
        {
            throw Unreadable(error);
        }
    }

    private void FindMark()
    {
        var hasDocuments = Rows("SELECT count(*) FROM sqlite_schema WHERE name = 'document'", static row => row.GetInt64(0)).Single() > 0;
        var mark = hasDocuments ? Rows("SELECT value FROM document WHERE collection = $collection", static row => Bytes(row, 0), ("$collection", SealMark.Collection)).FirstOrDefault() : null;
        _hiddenKeys = mark is null ? null : SealMark.Decode(mark);
    }

    // Only where content is asked for: what needs none needs no keys.
    private Sealer Keys() => _sealer ??= new Sealer(KeyRing.Open(Array.Find(_keyFiles, File.Exists)
        ?? throw new JournalUnavailableException(JournalFault.Locked, $"{_path}: it is sealed, and its keys are not at {string.Join(" nor at ", _keyFiles)}. Put the key file there.")));

    private byte[] Opened(SqliteDataReader row, int column, byte[] place) => _hiddenKeys is null ? Bytes(row, column) : Keys().Open(Bytes(row, column), place);

    private DocumentRow Opened(DocumentRow row)
    {
        if (_hiddenKeys is null || row.Collection == SealMark.Collection)
        {
            return row;
        }

        var (key, value) = new DocumentSeal(Keys(), _hiddenKeys).Open(row.Collection, row.Key, row.Value);
        return row with { Key = key, Value = value };
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private IEnumerable<T> Rows<T>(string sql, Func<SqliteDataReader, T> row, params (string Name, object? Value)[] parameters)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }
        using var rows = Guarded(command.ExecuteReader);
        while (Guarded(rows.Read))
        {
            yield return Guarded(() => row(rows));
        }
    }

    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SqliteException error)
        {
            throw Unreadable(error);
        }
    }

    private JournalUnavailableException Unreadable(SqliteException error) => error.SqliteErrorCode switch
    {
        // SQLITE_CANTOPEN, SQLITE_READONLY: also where the folder does not let SQLite make its -shm file.
        14 or 8 => new(JournalFault.InputOutput,
            $"{_path}: cannot be opened ({error.Message}). Check the path, or copy the file together with its -wal file to a writable folder and read that.", error),
        _ => new(JournalFault.Corrupt, $"{_path}: cannot be read ({error.Message}). Keep a copy with its -wal file and compare it with a backup.", error),
    };

    private static ProducerId Producer(SqliteDataReader row, int column) => new(row.GetInt64(column), row.GetInt64(column + 1));

    private static StreamId Stream(SqliteDataReader row, int column) => new(BinaryPrimitives.ReadUInt128BigEndian(Bytes(row, column)));

    private static byte[] Bytes(SqliteDataReader row, int column) => row.GetFieldValue<byte[]>(column);
}
