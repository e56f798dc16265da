using Npgsql;
using NpgsqlTypes;

namespace SyncHub.Storage.Postgres;

/// <summary>The commit of one decision, as one call of a function in the database (0004_lone_commit.sql).</summary>
/// <remarks>
/// A group's ten statements of one row each (<see cref="GroupWriter"/>) cost the database half as much again, and somebody waits for each lone commit. It proves what a group proves,
/// in the same order, and refuses with the same codes; what is rare in a lone decision goes as a group of one.
/// </remarks>
internal static class LoneWriter
{
    private const string Sql =
        "SELECT commit_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)";

    /// <summary>Whether the group is one decision of the usual kind.</summary>
    public static bool Fits(Group group, Parts parts) =>
        group.Records is [var record] && group.Unbacked.Count == 0 && group.AllMoves.Count <= 1
        && (group.Facts.Count == 0 || (group.Facts is [var fact] && record.Fact == new FactKey(fact.Producer, fact.Sequence)))
        && group.Documents.TrueForAll(static write => write is { Value: not null, OnlyIfAbsent: false })
        && (group.Facts.Count == 0 || !parts.FactRanges(group.Position, group.Records.Count).Any());

    /// <summary>Writes it and commits. The thread waits at the socket.</summary>
    /// <returns>The position of its record.</returns>
    public static long Commit(NpgsqlConnection connection, WriterSession session, Parts parts, long number, Group group)
    {
        var record = group.Records[0];
        var fact = group.Facts.Count == 0 ? default(NewFact?) : group.Facts[0];
        var snapshot = group.Snapshots.Count == 0 ? default(NewSnapshot?) : group.Snapshots.First();
        var move = group.AllMoves.Count == 0 ? default(CursorMove?) : group.AllMoves[0];
        var (documents, balances) = (group.Documents, group.Balances);
        using var command = new NpgsqlCommand(Sql, connection);
        session.AddTo(command.Parameters, number, group.Partitions);
        var (first, last) = parts.Newest;
        Add(NpgsqlDbType.Bigint, first);
        Add(NpgsqlDbType.Bigint, last);
        Add(NpgsqlDbType.Boolean, parts.HasSums);
        Add(NpgsqlDbType.Uuid, record.Stream.ToUuid());
        Add(NpgsqlDbType.Bigint, record.Version);
        Add(NpgsqlDbType.Integer, record.Partition);
        Add(NpgsqlDbType.Bytea, record.Payload);
        Add(NpgsqlDbType.Bigint, record.Fact?.Producer.Store);
        Add(NpgsqlDbType.Bigint, record.Fact?.Producer.Incarnation);
        Add(NpgsqlDbType.Bigint, record.Fact?.Sequence);
        Add(NpgsqlDbType.Bytea, fact?.Hash);
        Add(NpgsqlDbType.Bytea, fact?.Bytes);
        Add(NpgsqlDbType.Bigint, snapshot?.Version);
        Add(NpgsqlDbType.Bytea, snapshot?.Payload);
        Add(NpgsqlDbType.Text, move?.Name);
        Add(NpgsqlDbType.Bigint, move?.Producer.Store);
        Add(NpgsqlDbType.Bigint, move?.Producer.Incarnation);
        Add(NpgsqlDbType.Bigint, move?.Sequence);
        Add(NpgsqlDbType.Bytea, move?.Hash);
        Add(NpgsqlDbType.Array | NpgsqlDbType.Text, documents.ConvertAll(static write => write.Collection));
        Add(NpgsqlDbType.Array | NpgsqlDbType.Bytea, documents.ConvertAll(static write => write.Key));
        Add(NpgsqlDbType.Array | NpgsqlDbType.Bytea, documents.ConvertAll(static write => write.Value!));
        Add(NpgsqlDbType.Array | NpgsqlDbType.Bytea, documents.ConvertAll(static write => write.Expected?.ToArray()));
        Add(NpgsqlDbType.Array | NpgsqlDbType.Text, balances.Keys.Select(static key => key.Account).ToArray());
        Add(NpgsqlDbType.Array | NpgsqlDbType.Text, balances.Keys.Select(static key => key.Asset).ToArray());
        Add(NpgsqlDbType.Array | NpgsqlDbType.Integer, balances.Keys.Select(static key => key.Partition).ToArray());
        Add(NpgsqlDbType.Array | NpgsqlDbType.Bigint, balances.Values.ToArray());
        // To the very end, as of a group: only the last answer says that the transaction is committed.
        using var answers = command.ExecuteReader();
        answers.Read();
        var position = answers.GetInt64(0) + 1;
        while (answers.NextResult())
        {
        }
        return position;

        void Add(NpgsqlDbType type, object? value) => command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type, Value = value ?? DBNull.Value });
    }
}
