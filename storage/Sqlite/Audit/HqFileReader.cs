using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using SyncHub.Storage.Audit;
using SyncHub.Storage.Hq;

namespace SyncHub.Storage.Sqlite.Audit;

/// <summary>The rows of the tables of HQ beside a journal file, as they are; one view, as of <see cref="Open"/>.</summary>
public sealed class HqFileReader : IHqRows
{
    private readonly SqliteConnection _connection;
    private readonly string _path;

    private HqFileReader(SqliteConnection connection, string path) => (_connection, _path) = (connection, path);

    /// <summary>Opens the file read-only.</summary>
    /// <exception cref="JournalUnavailableException">There is no such file, or it is not a readable database.</exception>
    public static HqFileReader Open(string path)
    {
        var reader = new HqFileReader(new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString()), path);
        try
        {
            reader._connection.Open();
            using var begin = new SqliteCommand("BEGIN", reader._connection);
            begin.ExecuteNonQuery();
            reader.HqPosition(); // the view is taken by the first read
            return reader;
        }
        catch (SqliteException fault)
        {
            reader.Dispose();
            throw SqliteFaults.From(fault, path);
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public long HqPosition() => Rows("SELECT position FROM hq_position", static row => row.GetInt64(0)).Single();

    /// <inheritdoc/>
    public IEnumerable<(StreamId Member, long Version)> HqMembers() => Rows("SELECT member, version FROM hq_member", static row => (Id(row), row.GetInt64(1)));

    /// <inheritdoc/>
    public IEnumerable<HqWallet> HqWallets() => Rows("SELECT member, bucket, asset, total, free, at_stores FROM hq_wallet", static row =>
        new HqWallet(Id(row), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5)));

    /// <inheritdoc/>
    public IEnumerable<HqLot> HqLots() => Rows("SELECT member, origin_store, terms, expiry_day, total, free, at_stores FROM hq_lot", static row =>
        new HqLot(Id(row), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6)));

    /// <inheritdoc/>
    public IEnumerable<HqRightLine> HqRightLines() => Rows("SELECT member, store, incarnation, bucket, granted, credited, debited, relinquished, disowned, outstanding FROM hq_right_line", static row =>
        new HqRightLine(Id(row), row.GetInt64(1), row.GetInt64(2), row.GetString(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7), row.GetInt64(8), row.GetInt64(9)));

    /// <inheritdoc/>
    public IEnumerable<(FactKey Op, StreamId Member)> HqOps() => Rows("SELECT member, store, incarnation, sequence FROM hq_op", static row =>
        (new FactKey(new ProducerId(row.GetInt64(1), row.GetInt64(2)), row.GetInt64(3)), Id(row)));

    /// <inheritdoc/>
    public IEnumerable<BalanceRow> HqBalances() => Rows("SELECT account, asset, sum(amount) FROM hq_posting GROUP BY account, asset", static row =>
        new BalanceRow(0, row.GetString(0), row.GetString(1), row.GetInt64(2)));

    /// <summary>Ends the view.</summary>
    public void Dispose() => _connection.Dispose();

    private IEnumerable<T> Rows<T>(string sql, Func<SqliteDataReader, T> row)
    {
        using var command = new SqliteCommand(sql, _connection);
        using var rows = Guarded(command.ExecuteReader);
        while (Guarded(rows.Read))
        {
            yield return row(rows);
        }
    }

    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SqliteException fault)
        {
            throw SqliteFaults.From(fault, _path);
        }
    }

    private static StreamId Id(SqliteDataReader row) => new(BinaryPrimitives.ReadUInt128BigEndian(row.GetFieldValue<byte[]>(0)));
}
