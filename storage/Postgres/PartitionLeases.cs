using Npgsql;

namespace SyncHub.Storage.Postgres;

/// <summary>Who owns which partitions, among the writers that share a journal.</summary>
/// <remarks>
/// A lease decides who tries; every commit is checked against it in its own transaction, so a process that wrongly believes it owns a
/// partition commits nothing. All moves happen under the lock of the feed's head, which every commit takes too: a commit is either before a
/// move or sees it.
/// A partition moves in two ways. Its owner gives it away (<see cref="Release"/>) after everything it decided for it is durable. Or the owner is
/// silent for longer than the lease: then its session is ended first, and with it every commit that it may still have under way.
/// Which partitions move is <see cref="PartitionShares"/>'s decision; this class reads, asks it, and writes.
/// Thread rule: one call at a time. It keeps nothing between calls.
/// </remarks>
public sealed class PartitionLeases
{
    private readonly Database _database;
    private readonly WriterSession _session;
    private readonly int _partitions;
    private readonly string _address;

    internal PartitionLeases(Database database, WriterSession session, int partitions, string address)
    {
        _database = database;
        _session = session;
        _partitions = partitions;
        _address = address;
    }

    private string Me => _database.Options.Writer;

    /// <summary>Says that this writer lives, ends the silent ones, and takes its share of what nobody owns.</summary>
    /// <returns>What is owned now by whom, and what this writer should give away.</returns>
    /// <exception cref="JournalUnavailableException">Another process took over this writer's name, or the database is out of reach.</exception>
    public LeaseRound Renew() => InTransaction((connection, transaction) =>
    {
        SayAlive(connection, transaction);
        EndSilent(connection, transaction);
        var alive = ReadAlive(connection, transaction);
        var owners = ReadOwners(connection, transaction);
        var shares = new PartitionShares(_partitions, [.. alive.Select(static holder => holder.Writer)]);
        Claim(connection, transaction, owners, shares);
        return new LeaseRound(owners, alive, shares.SurplusOf(Me, owners));
    });

    /// <summary>Gives partitions to another writer. Everything decided for them must be durable.</summary>
    public void Release(IReadOnlyCollection<int> partitions, string to) => InTransaction((connection, transaction) =>
        Run(connection, transaction, "UPDATE partition_lease SET writer = $2, epoch = epoch + 1 WHERE partition = ANY ($1) AND writer = $3", partitions.ToArray(), to, Me));

    /// <summary>Gives everything away, for a clean stop: the others take it in their next round.</summary>
    public void ReleaseAll() => InTransaction((connection, transaction) =>
        Run(connection, transaction, "UPDATE partition_lease SET writer = '', epoch = epoch + 1 WHERE writer = $1", Me)
        + Run(connection, transaction, "UPDATE writer SET shares = false WHERE name = $1", Me));

    private void SayAlive(NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        // While the commits' connection is being replaced, so is the session id: this round comes again.
        var session = _session.Settled ?? throw new TimeoutException("The writer's session is being replaced.");
        if (Run(connection, transaction, "UPDATE writer SET renewed_at = clock_timestamp(), shares = true, address = $3 WHERE name = $1 AND session = $2", Me, session, _address) == 0)
        {
            if (_session.Settled != session)
            {
                throw new TimeoutException("The writer's session was replaced.");
            }
            throw PostgresFaults.TakenOver(_database.Name, Me);
        }
    }

    private void EndSilent(NpgsqlConnection connection, NpgsqlTransaction transaction) => Run(connection, transaction,
        """
        WITH silent AS (
            UPDATE writer SET session = gen_random_uuid(), epoch = epoch + 1, shares = false
            WHERE shares AND renewed_at < clock_timestamp() - make_interval(secs => $1 / 1000.0) RETURNING name)
        UPDATE partition_lease l SET writer = '', epoch = l.epoch + 1 FROM silent WHERE l.writer = silent.name
        """, _database.Options.LeaseMs);

    private static List<LeaseHolder> ReadAlive(NpgsqlConnection connection, NpgsqlTransaction transaction) =>
        Rows(connection, transaction, "SELECT name, address FROM writer WHERE shares ORDER BY name", static row => new LeaseHolder(row.GetString(0), row.GetString(1)));

    private static Dictionary<int, PartitionOwner> ReadOwners(NpgsqlConnection connection, NpgsqlTransaction transaction) =>
        Rows(connection, transaction, "SELECT partition, writer, epoch FROM partition_lease WHERE writer <> ''", static row => (Partition: row.GetInt32(0), Owner: new PartitionOwner(row.GetString(1), row.GetInt64(2))))
            .ToDictionary(row => row.Partition, row => row.Owner);

    private void Claim(NpgsqlConnection connection, NpgsqlTransaction transaction, Dictionary<int, PartitionOwner> owners, PartitionShares shares)
    {
        int[] free = [.. shares.ClaimsOf(Me, owners)];
        if (free.Length == 0)
        {
            return;
        }
        foreach (var (partition, epoch) in Rows(connection, transaction,
            """
            INSERT INTO partition_lease AS l (partition, writer, epoch) SELECT p, $2, 1 FROM unnest($1) AS p
            ON CONFLICT (partition) DO UPDATE SET writer = excluded.writer, epoch = l.epoch + 1 RETURNING l.partition, l.epoch
            """,
            static row => (row.GetInt32(0), row.GetInt64(1)), free, Me))
        {
            owners.Add(partition, new PartitionOwner(Me, epoch));
        }
    }

    private T InTransaction<T>(Func<NpgsqlConnection, NpgsqlTransaction, T> round) => _database.Retry(connection =>
    {
        using var transaction = connection.BeginTransaction();
        Run(connection, transaction, "SELECT position FROM feed FOR UPDATE");
        var result = round(connection, transaction);
        transaction.Commit();
        return result;
    });

    private static int Run(NpgsqlConnection connection, NpgsqlTransaction transaction, string sql, params object[] parameters)
    {
        using var command = Command(connection, transaction, sql, parameters);
        return command.ExecuteNonQuery();
    }

    private static List<T> Rows<T>(NpgsqlConnection connection, NpgsqlTransaction transaction, string sql, Func<NpgsqlDataReader, T> row, params object[] parameters)
    {
        using var command = Command(connection, transaction, sql, parameters);
        using var rows = command.ExecuteReader();
        var list = new List<T>();
        while (rows.Read())
        {
            list.Add(row(rows));
        }
        return list;
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, NpgsqlTransaction transaction, string sql, object[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection, transaction);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }
        return command;
    }
}
