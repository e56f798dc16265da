using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SyncHub.Bench.Peers;

/// <summary>SQLite with the hub's own tables in a file of its own beside the hub's: prepared inserts, synchronous = FULL, one commit per batch.</summary>
internal sealed class SqliteAppend : IAppendPeer
{
    private readonly SqliteConnection _connection;
    private readonly string _hubFile;
    private readonly sqlite3_stmt _fact;
    private readonly sqlite3_stmt _record;
    private readonly byte[] _hash = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _factBytes;
    private readonly byte[] _recordBytes;
    private long _position;

    private SqliteAppend(SqliteConnection connection, string hubFile, int factBytes, int recordBytes)
    {
        (_connection, _hubFile) = (connection, hubFile);
        (_factBytes, _recordBytes) = (RandomNumberGenerator.GetBytes(factBytes), RandomNumberGenerator.GetBytes(recordBytes));
        _fact = Prepare("INSERT INTO fact (store, incarnation, sequence, hash, bytes) VALUES (?1, ?2, ?3, ?4, ?5)");
        _record = Prepare("INSERT INTO record (partition, version, store, incarnation, sequence, stream, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    }

    /// <summary>Makes the tables as the hub's are, and rows as large as the hub's are on average.</summary>
    public static SqliteAppend Open(string folder, string hubFile)
    {
        string[] tables;
        int factBytes, recordBytes;
        using (var hub = Connect(hubFile, SqliteOpenMode.ReadOnly))
        {
            tables = [Ask<string>(hub, "SELECT sql FROM sqlite_master WHERE name = 'fact'"), Ask<string>(hub, "SELECT sql FROM sqlite_master WHERE name = 'record'")];
            factBytes = (int)Ask<long>(hub, "SELECT CAST(avg(length(bytes)) AS INTEGER) FROM (SELECT bytes FROM fact LIMIT 10000)");
            recordBytes = (int)Ask<long>(hub, "SELECT CAST(avg(length(payload)) AS INTEGER) FROM (SELECT payload FROM record LIMIT 10000)");
        }

        var connection = Connect(Path.Combine(folder, "append.db"), SqliteOpenMode.ReadWriteCreate);
        Do(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 10000; DROP TABLE IF EXISTS fact; DROP TABLE IF EXISTS record; " + string.Join("; ", tables));
        return new SqliteAppend(connection, hubFile, factBytes, recordBytes);
    }

    /// <inheritdoc/>
    public Task<(double OpsPerSecond, double[] CommitMs)> RunAsync(int batch, double seconds, CancellationToken cancellation)
    {
        var times = new List<double>();
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since).TotalSeconds < seconds)
        {
            cancellation.ThrowIfCancellationRequested();
            var begun = Stopwatch.GetTimestamp();
            Append(batch);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        return Task.FromResult((batch * times.Count / Stopwatch.GetElapsedTime(since).TotalSeconds, times.ToArray()));
    }

    /// <inheritdoc/>
    public async Task<double[]> ReadAsync(IReadOnlyList<UInt128> streams, CancellationToken cancellation)
    {
        await using var connection = Connect(_hubFile, SqliteOpenMode.ReadOnly);
        await using var read = connection.CreateCommand();
        read.CommandText = "SELECT payload FROM record WHERE stream = $stream ORDER BY version DESC LIMIT 1";
        var key = new byte[16];
        read.Parameters.AddWithValue("$stream", key);
        return await Latency.TimeAsync(streams.Count, i =>
        {
            BinaryPrimitives.WriteUInt128BigEndian(key, streams[i]);
            return read.ExecuteScalar() is null ? throw new InvalidOperationException("There is no such member.") : Task.CompletedTask;
        });
    }

    public async ValueTask DisposeAsync()
    {
        _fact.Dispose();
        _record.Dispose();
        await _connection.DisposeAsync();
    }

    private void Append(int batch)
    {
        Do(_connection, "BEGIN IMMEDIATE");
        for (var op = 1; op <= batch; op++)
        {
            Bind(_fact, op % 16, 1, _position + op);
            Check(raw.sqlite3_bind_blob(_fact, 4, _hash));
            Check(raw.sqlite3_bind_blob(_fact, 5, _factBytes));
            Step(_fact);
        }

        Span<byte> stream = stackalloc byte[16];
        for (var op = 1; op <= batch; op++)
        {
            // 10,000 members in an order that is as random to the index as theirs.
            var sequence = _position + op;
            var member = (int)(sequence * 7919 % 10_000);
            BinaryPrimitives.WriteInt32BigEndian(stream, member);
            Bind(_record, member % 256, 1 + (sequence / 10_000), op % 16, 1, sequence);
            Check(raw.sqlite3_bind_blob(_record, 6, stream));
            Check(raw.sqlite3_bind_blob(_record, 7, _recordBytes));
            Step(_record);
        }

        _position += batch;
        Do(_connection, "COMMIT");
    }

    // The library's own calls: SqliteCommand would box each number and look each name up, and be the limit itself.
    private sqlite3_stmt Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(_connection.Handle!, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement));
        return statement;
    }

    private void Bind(sqlite3_stmt statement, params ReadOnlySpan<long> numbers)
    {
        for (var i = 0; i < numbers.Length; i++)
        {
            Check(raw.sqlite3_bind_int64(statement, i + 1, numbers[i]));
        }
    }

    private void Step(sqlite3_stmt statement)
    {
        var code = raw.sqlite3_step(statement);
        Check(code == raw.SQLITE_DONE ? raw.SQLITE_OK : code);
        Check(raw.sqlite3_reset(statement));
    }

    private void Check(int code) => SqliteException.ThrowExceptionForRC(code, _connection.Handle!);

    private static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private static T Ask<T>(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        return (T)command.ExecuteScalar()!;
    }

    private static void Do(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
