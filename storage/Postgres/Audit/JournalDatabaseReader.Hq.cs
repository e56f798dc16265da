using SyncHub.Storage.Audit;
using SyncHub.Storage.Hq;

namespace SyncHub.Storage.Postgres.Audit;

public sealed partial class JournalDatabaseReader
{
    /// <inheritdoc/>
    public long HqPosition() => Rows("SELECT to_regclass('hq_position') IS NOT NULL", static row => row.GetBoolean(0)).Single() ? Rows("SELECT position FROM hq_position", static row => row.GetInt64(0)).Single() : 0;

    /// <inheritdoc/>
    public IEnumerable<(StreamId Member, long Version)> HqMembers() => Rows("SELECT uuid_send(member), version FROM hq_member", static row => (Stream(row, 0), row.GetInt64(1)));

    /// <inheritdoc/>
    public IEnumerable<HqWallet> HqWallets() => Rows("SELECT uuid_send(member), bucket, asset, total, free, at_stores FROM hq_wallet", static row =>
        new HqWallet(Stream(row, 0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5)));

    /// <inheritdoc/>
    public IEnumerable<HqLot> HqLots() => Rows("SELECT uuid_send(member), origin_store, terms, expiry_day, total, free, at_stores FROM hq_lot", static row =>
        new HqLot(Stream(row, 0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6)));

    /// <inheritdoc/>
    public IEnumerable<HqRightLine> HqRightLines() => Rows("SELECT uuid_send(member), store, incarnation, bucket, granted, credited, debited, relinquished, disowned, outstanding FROM hq_right_line", static row =>
        new HqRightLine(Stream(row, 0), row.GetInt64(1), row.GetInt64(2), row.GetString(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7), row.GetInt64(8), row.GetInt64(9)));

    /// <inheritdoc/>
    public IEnumerable<(FactKey Op, StreamId Member)> HqOps() => Rows("SELECT store, incarnation, sequence, uuid_send(member) FROM hq_op", static row =>
        (new FactKey(Producer(row, 0), row.GetInt64(2)), Stream(row, 3)));

    /// <inheritdoc/>
    public IEnumerable<BalanceRow> HqBalances() => Rows("SELECT account, asset, sum(amount)::bigint FROM hq_posting GROUP BY account, asset", static row =>
        new BalanceRow(0, row.GetString(0), row.GetString(1), row.GetInt64(2)));
}
