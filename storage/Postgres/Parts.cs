using Npgsql;

namespace SyncHub.Storage.Postgres;

/// <summary>The parts that records and facts are cut into by position: sees to it that there is one for the next commit, and knows which one is the newest.</summary>
/// <remarks>Thread rule: one call at a time, by <see cref="CommitLoop"/>. What it knows may be old; no commit's outcome depends on it (<see cref="NewestVersion"/>).</remarks>
internal sealed class Parts(Database database)
{
    private readonly long _size = database.Options.PartRecords;
    private long _upto; // the last position for which there is a part; 0: not looked yet
    private long _nextTry;
    private (int Number, long First, long Last) _newest = (-1, 0, -1);

    /// <summary>Makes parts for <paramref name="records"/> after <paramref name="position"/>, and early enough the next one.</summary>
    /// <exception cref="PostgresException">There is none for them, and none could be made.</exception>
    public async Task ReachAsync(NpgsqlConnection connection, long position, long records)
    {
        var isNeeded = position + records > _upto;
        if (isNeeded || (position + records + (_size / 2) > _upto && position >= _nextTry))
        {
            try
            {
                _upto = await MakeAsync(connection, position + records + (_size / 2), isNeeded).ConfigureAwait(false);
            }
            catch (PostgresException error) when (!isNeeded && error.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                // Somebody works on the table. There is room for half a part of records until it matters.
                _nextTry = position + (_size / 64);
                database.Options.OnTrouble?.Invoke(PostgresFaults.From(error, database.Name));
            }
        }
        if (position > _newest.Last || position + 1 < _newest.First)
        {
            _newest = await NewestAsync(connection, position).ConfigureAwait(false);
        }
    }

    /// <summary>Whether a commit found no part for its records: another writer was faster than this one knew.</summary>
    public static bool AreMissing(PostgresException error) => error is { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: null or "" };

    /// <summary>Forgets what it knows.</summary>
    public void Forget() => (_upto, _nextTry, _newest) = (0, 0, (-1, 0, -1));

    /// <summary>SQL for the newest version of n.stream, null for none, in a commit whose records, <paramref name="records"/> many, have been counted and not written.</summary>
    /// <remarks>
    /// Most streams that change have changed before in the newest part, and there one look at one index tells. Only where the commit begins in that part: else it is
    /// not the newest any more. What is not there is in an older part, or in one that has left.
    /// </remarks>
    public string NewestVersion(string records)
    {
        const string Everywhere = "(SELECT r.version FROM record r WHERE r.stream = n.stream ORDER BY r.version DESC LIMIT 1), (SELECT h.version FROM stream_head h WHERE h.stream = n.stream)";
        return _newest.Number < 0
            ? $"coalesce({Everywhere})"
            : $"""
               coalesce(CASE WHEN (SELECT position FROM feed) - {records} BETWEEN {_newest.First} AND {_newest.Last}
               THEN (SELECT r.version FROM record_{_newest.Number} r WHERE r.stream = n.stream ORDER BY r.version DESC LIMIT 1) END, {Everywhere})
               """;
    }

    private async Task<long> MakeAsync(NpgsqlConnection connection, long upto, bool isNeeded)
    {
        await using var transaction = await connection.BeginTransactionAsync().ConfigureAwait(false);
        if (!isNeeded)
        {
            await using var patience = new NpgsqlCommand("SET LOCAL lock_timeout = '200ms'", connection, transaction);
            await patience.ExecuteNonQueryAsync().ConfigureAwait(false);
        }
        await using var make = new NpgsqlCommand("SELECT add_parts($1, $2)", connection, transaction) { Parameters = { new() { Value = upto }, new() { Value = _size } } };
        var reached = (long)(await make.ExecuteScalarAsync().ConfigureAwait(false))!;
        await transaction.CommitAsync().ConfigureAwait(false);
        return reached;
    }

    // Once per part: the ones before it are full from now on.
    private static async Task<(int, long, long)> NewestAsync(NpgsqlConnection connection, long position)
    {
        await using var full = new NpgsqlCommand("UPDATE journal_part SET full_at = clock_timestamp() WHERE last <= $1 AND full_at IS NULL", connection) { Parameters = { new() { Value = position } } };
        await full.ExecuteNonQueryAsync().ConfigureAwait(false);
        await using var command = new NpgsqlCommand("SELECT number, first, last FROM journal_part WHERE $1 BETWEEN first AND last AND left_at IS NULL", connection)
        {
            Parameters = { new() { Value = position } },
        };
        await using var row = await command.ExecuteReaderAsync().ConfigureAwait(false);
        return await row.ReadAsync().ConfigureAwait(false) ? (row.GetInt32(0), row.GetInt64(1), row.GetInt64(2)) : (-1, 0, -1);
    }
}
