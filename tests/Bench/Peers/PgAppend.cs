using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using Npgsql;
using NpgsqlTypes;

namespace SyncHub.Bench.Peers;

/// <summary>PostgreSQL with the hub's own tables, copied without a row: binary COPY, one commit per batch.</summary>
internal sealed class PgAppend : IAppendPeer
{
    private readonly NpgsqlConnection _connection;
    private readonly byte[] _fact;
    private readonly byte[] _record;
    private readonly byte[] _hash = RandomNumberGenerator.GetBytes(32);
    private long _position;

    private PgAppend(NpgsqlConnection connection, int factBytes, int recordBytes) =>
        (_connection, _fact, _record) = (connection, RandomNumberGenerator.GetBytes(factBytes), RandomNumberGenerator.GetBytes(recordBytes));

    /// <summary>Makes the tables as the hub's are, and rows as large as the hub's are on average.</summary>
    public static async Task<PgAppend> OpenAsync(string connectionString, CancellationToken cancellation)
    {
        var connection = new NpgsqlConnection(connectionString + ";Max Auto Prepare=10;Auto Prepare Min Usages=1");
        await connection.OpenAsync(cancellation);
        await using (var setup = new NpgsqlCommand("DROP SCHEMA IF EXISTS raw CASCADE; CREATE SCHEMA raw; CREATE TABLE raw.fact (LIKE synchub.fact_0 INCLUDING ALL); CREATE TABLE raw.record (LIKE synchub.record_0 INCLUDING ALL)", connection))
        {
            await setup.ExecuteNonQueryAsync(cancellation);
        }

        await using var sizes = new NpgsqlCommand("SELECT (SELECT avg(length(bytes)) FROM synchub.fact)::integer, (SELECT avg(length(payload)) FROM synchub.record)::integer", connection);
        await using var row = await sizes.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return new PgAppend(connection, row.GetInt32(0), row.GetInt32(1));
    }

    /// <inheritdoc/>
    public async Task<(double OpsPerSecond, double[] CommitMs)> RunAsync(int batch, double seconds, CancellationToken cancellation)
    {
        var times = new List<double>();
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since).TotalSeconds < seconds)
        {
            var begun = Stopwatch.GetTimestamp();
            await AppendAsync(batch, cancellation);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        return (batch * times.Count / Stopwatch.GetElapsedTime(since).TotalSeconds, [.. times]);
    }

    /// <inheritdoc/>
    public async Task<double[]> ReadAsync(IReadOnlyList<UInt128> streams, CancellationToken cancellation)
    {
        await using var read = new NpgsqlCommand("SELECT payload FROM synchub.record WHERE stream = $1 ORDER BY version DESC LIMIT 1", _connection) { Parameters = { new NpgsqlParameter<Guid>() } };
        var key = new byte[16];
        return await Latency.TimeAsync(streams.Count, async i =>
        {
            BinaryPrimitives.WriteUInt128BigEndian(key, streams[i]);
            ((NpgsqlParameter<Guid>)read.Parameters[0]).TypedValue = new Guid(key, bigEndian: true);
            _ = await read.ExecuteScalarAsync(cancellation) ?? throw new InvalidOperationException("There is no such member.");
        });
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task AppendAsync(int batch, CancellationToken cancellation)
    {
        await using var transaction = await _connection.BeginTransactionAsync(cancellation);
        await using (var facts = await _connection.BeginBinaryImportAsync("COPY raw.fact (store, incarnation, sequence, hash, bytes) FROM STDIN BINARY", cancellation))
        {
            for (var op = 1; op <= batch; op++)
            {
                await facts.StartRowAsync(cancellation);
                await facts.WriteAsync(op % 16L, NpgsqlDbType.Bigint, cancellation);
                await facts.WriteAsync(1L, NpgsqlDbType.Bigint, cancellation);
                await facts.WriteAsync(_position + op, NpgsqlDbType.Bigint, cancellation);
                await facts.WriteAsync(_hash, NpgsqlDbType.Bytea, cancellation);
                await facts.WriteAsync(_fact, NpgsqlDbType.Bytea, cancellation);
            }

            await facts.CompleteAsync(cancellation);
        }

        await using (var records = await _connection.BeginBinaryImportAsync("COPY raw.record (position, partition, stream, version, payload, store, incarnation, sequence) FROM STDIN BINARY", cancellation))
        {
            for (var op = 1; op <= batch; op++)
            {
                // 10,000 members in an order that is as random to the index as theirs.
                var member = (int)((_position + op) * 7919 % 10_000);
                await records.StartRowAsync(cancellation);
                await records.WriteAsync(_position + op, NpgsqlDbType.Bigint, cancellation);
                await records.WriteAsync(member % 256, NpgsqlDbType.Integer, cancellation);
                await records.WriteAsync(new Guid(member, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), NpgsqlDbType.Uuid, cancellation);
                await records.WriteAsync(1 + ((_position + op) / 10_000), NpgsqlDbType.Bigint, cancellation);
                await records.WriteAsync(_record, NpgsqlDbType.Bytea, cancellation);
                await records.WriteAsync(op % 16L, NpgsqlDbType.Bigint, cancellation);
                await records.WriteAsync(1L, NpgsqlDbType.Bigint, cancellation);
                await records.WriteAsync(_position + op, NpgsqlDbType.Bigint, cancellation);
            }

            await records.CompleteAsync(cancellation);
        }

        _position += batch;
        await transaction.CommitAsync(cancellation);
    }
}
