using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SyncHub.Storage.Sqlite;

/// <summary>One prepared statement, kept for the life of its connection.</summary>
/// <remarks>
/// Instead of SqliteCommand because that copies every blob into a byte[] of its own, boxes every number, and looks each parameter up
/// by name on each run; a commit of 50 facts with their records runs more than 150 statements. Not thread-safe: it belongs to the owner of its connection.
/// </remarks>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 _db;
    private readonly sqlite3_stmt _statement;
    private int _bound;

    public Statement(SqliteConnection connection, string sql)
    {
        _db = connection.Handle!;
        var code = raw.sqlite3_prepare_v3(_db, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement);
        SqliteException.ThrowExceptionForRC(code, _db);
    }

    /// <summary>Binds the next parameter; parameters are bound in the order in which they are numbered.</summary>
    public Statement Bind(long value) => Bound(raw.sqlite3_bind_int64(_statement, ++_bound, value));

    /// <inheritdoc cref="Bind(long)"/>
    public Statement Bind(ReadOnlySpan<byte> value) => Bound(raw.sqlite3_bind_blob(_statement, ++_bound, value));

    /// <inheritdoc cref="Bind(long)"/>
    public Statement Bind(string value) => Bound(raw.sqlite3_bind_text(_statement, ++_bound, value));

    /// <inheritdoc cref="Bind(long)"/>
    public Statement BindNull() => Bound(raw.sqlite3_bind_null(_statement, ++_bound));

    /// <summary>Binds a stream as 16 bytes, most significant first, so that hex(stream) in SQL is the id as people write it.</summary>
    public Statement Bind(StreamId stream)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, stream.Value);
        return Bind(bytes);
    }

    /// <inheritdoc cref="Bind(long)"/>
    public Statement Bind(ProducerId producer) => Bind(producer.Store).Bind(producer.Incarnation);

    /// <summary>Runs to the end and makes the statement ready for the next run, also where it fails.</summary>
    public void Run()
    {
        try
        {
            while (Step())
            {
            }
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Reads all rows.</summary>
    public List<T> Rows<T>(Func<Statement, T> row)
    {
        try
        {
            var rows = new List<T>();
            while (Step())
            {
                rows.Add(row(this));
            }
            return rows;
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Reads the first row, or the default where there is none.</summary>
    public T? First<T>(Func<Statement, T> row)
    {
        try
        {
            return Step() ? row(this) : default;
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Moves to the next row; the caller resets the statement when it has enough, because an open one holds an old view of the file.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(_statement);
        if (code == raw.SQLITE_ROW)
        {
            return true;
        }
        if (code != raw.SQLITE_DONE)
        {
            SqliteException.ThrowExceptionForRC(code, _db);
        }
        return false;
    }

    /// <summary>Ends the run. The result code is not looked at: it repeats the one that <see cref="Step"/> has thrown.</summary>
    public void Reset()
    {
        _ = raw.sqlite3_reset(_statement);
        _ = raw.sqlite3_clear_bindings(_statement);
        _bound = 0;
    }

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public long Integer(int column) => raw.sqlite3_column_int64(_statement, column);

    public byte[] Blob(int column) => raw.sqlite3_column_blob(_statement, column).ToArray();

    public string Text(int column) => raw.sqlite3_column_text(_statement, column).utf8_to_string();

    public StreamId Stream(int column) => new(BinaryPrimitives.ReadUInt128BigEndian(raw.sqlite3_column_blob(_statement, column)));

    public void Dispose() => _statement.Dispose();

    private Statement Bound(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            Reset();
            SqliteException.ThrowExceptionForRC(code, _db);
        }
        return this;
    }
}
