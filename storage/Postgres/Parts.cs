using System.Globalization;
using Npgsql;

namespace SyncHub.Storage.Postgres;

/// <summary>The parts that records and facts are cut into by position: sees to it that there is one for the next commit, and knows what a commit has to look into.</summary>
/// <remarks>Thread rule: one call at a time, by <see cref="CommitLoop"/>. What it knows may be old; a commit proves in its transaction that it is not (<see cref="Guard"/>).</remarks>
internal sealed class Parts(Database database) : IAsyncDisposable
{
    private const string Changed = "SH004";

    private readonly long _size = database.Options.PartRecords;
    private long _upto; // the last position for which there is a part; 0: not looked yet
    private long _nextTry;
    private (int Number, long First, long Last) _newest = (-1, 0, -1);
    private (int Number, long First, long Last)[] _unsummed = []; // full parts whose facts are not in fact_head yet
    private bool _hasSums;
    private volatile bool _isOld = true;
    private readonly PartSight _sight = new(database);
    private Task _summing = Task.CompletedTask;

    /// <summary>Stops; completes when nothing of it uses the database any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _sight.DisposeAsync().ConfigureAwait(false);
        await _summing.ConfigureAwait(false);
    }

    /// <summary>Makes parts for <paramref name="records"/> after <paramref name="position"/>, and early enough the next one.</summary>
    /// <exception cref="PostgresException">There is none for them, and none could be made.</exception>
    public async ValueTask ReachAsync(NpgsqlConnection connection, long position, long records)
    {
        var end = position + records + 1; // a fact without a record comes behind the last one
        var isNeeded = end > _upto;
        if (isNeeded || (end + (_size / 2) > _upto && position >= _nextTry))
        {
            try
            {
                _upto = await MakeAsync(connection, end + (_size / 2), isNeeded).ConfigureAwait(false);
            }
            catch (PostgresException error) when (!isNeeded && error.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                // Somebody works on the table. There is room for half a part of records until it matters.
                _nextTry = position + (_size / 64);
                database.Options.OnTrouble?.Invoke(PostgresFaults.From(error, database.Name));
            }
        }
        if (_isOld || position >= _newest.Last || position + 1 < _newest.First)
        {
            await LearnAsync(connection, position).ConfigureAwait(false);
            _sight.Begin(position >= _newest.First ? _newest.Last : position);
        }
        _sight.Show(_upto);
        await _sight.ReachAsync(end).ConfigureAwait(false);
    }

    /// <summary>Whether a commit found the parts other than they were known: another writer was faster, or one has left.</summary>
    public static bool AreOthers(PostgresException error) =>
        error is { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: null or "" } or { SqlState: Changed or PostgresErrorCodes.UndefinedTable };

    /// <summary>Forgets what it knows.</summary>
    public void Forget() => (_upto, _nextTry, _isOld) = (0, 0, true);

    /// <summary>SQL that refuses a commit where the position b.base before its records is not between $6 and $7, <see cref="Bounds"/>.</summary>
    public const string Guard = $"WHERE CASE WHEN b.base BETWEEN $6 AND $7 THEN true ELSE refuse('{Changed}', 'the newest part is another one') END";

    /// <summary>Where the position before a commit's records may be: in the newest part, or just before it.</summary>
    /// <param name="within">How many records after that position have to be in it too.</param>
    public (long Least, long Most) Bounds(long within = 0) => (_newest.First - 1, _newest.Last - within);

    /// <summary>Whether a commit of so many records after a position lies in the newest part whole, as far as is known.</summary>
    public bool Within(long position, long records) => position + 1 >= _newest.First && position + records <= _newest.Last;

    /// <summary>SQL for the newest version of n.stream, null for none, in a commit that has passed the guard.</summary>
    /// <remarks>
    /// Most streams that change have changed before in the newest part, and there one look at one index tells. What is not there is in an older part, or in one that has left.
    /// A function looks there, where it has to: the indexes of all parts would be opened with the statement.
    /// Always by the whole table and a range: a statement that names a part locks it before the table, and whoever alters the table locks them the other way round.
    /// </remarks>
    public string NewestVersion =>
        $"""
        coalesce((SELECT r.version FROM record r WHERE r.stream = n.stream AND r.position BETWEEN {Text(_newest.First)} AND {Text(_newest.Last)} ORDER BY r.version DESC LIMIT 1),
        newest_version(n.stream))
        """;

    /// <summary>SQL for the positions of facts f where a commit's facts have to be looked for one by one: full parts that are not summed up, and the newest where the commit does not end in it. The key of the part that they come into sees to the rest.</summary>
    public IEnumerable<string> FactRanges(long position, long records) =>
        (position + records >= _newest.Last ? _unsummed.Append(_newest) : _unsummed)
        .Select(part => part.Number == 0 ? $"f.position <= {Text(part.Last)}" : $"f.position BETWEEN {Text(part.First)} AND {Text(part.Last)}"); // those of before lie at 0

    /// <summary>The positions of the newest part.</summary>
    public (long First, long Last) Newest => (_newest.First, _newest.Last);

    /// <summary>Whether facts of parts are summed up by producer.</summary>
    public bool HasSums => _hasSums;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

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

    // Once per part, and when one was summed up.
    private async Task LearnAsync(NpgsqlConnection connection, long position)
    {
        _isOld = false;
        await using var full = new NpgsqlCommand("UPDATE journal_part SET full_at = clock_timestamp() WHERE last <= $1 AND full_at IS NULL", connection) { Parameters = { new() { Value = position } } };
        await full.ExecuteNonQueryAsync().ConfigureAwait(false);
        await using var command = new NpgsqlCommand("SELECT number, first, last, summed_at IS NOT NULL FROM journal_part WHERE first <= $1 + 1 ORDER BY number", connection) { Parameters = { new() { Value = position } } };
        var parts = new List<(int Number, long First, long Last, bool IsSummed)>();
        await using (var row = await command.ExecuteReaderAsync().ConfigureAwait(false))
        {
            while (await row.ReadAsync().ConfigureAwait(false))
            {
                parts.Add((row.GetInt32(0), row.GetInt64(1), row.GetInt64(2), row.GetBoolean(3)));
            }
        }
        _newest = (parts[^1].Number, parts[^1].First, parts[^1].Last);
        _hasSums = parts.Exists(part => part.IsSummed);
        _unsummed = [.. parts.SkipLast(1).Where(part => !part.IsSummed).Select(part => (part.Number, part.First, part.Last))];
        if (_unsummed.Length > 0 && _summing.IsCompleted)
        {
            _summing = SumAsync([.. _unsummed.Select(part => part.Number)]);
        }
    }

    private async Task SumAsync(int[] parts)
    {
        try
        {
            await using var connection = await database.OpenAsync().ConfigureAwait(false);
            foreach (var part in parts)
            {
                await SumAsync(connection, part).ConfigureAwait(false);
            }
            _isOld = true;
        }
        catch (Exception error) when (error is NpgsqlException || PostgresFaults.IsTransient(error))
        {
            database.Options.OnTrouble?.Invoke(PostgresFaults.From(error, database.Name)); // commits look into the part until the next one is full
        }
    }

    /// <summary>Sums up a full part, where nobody has.</summary>
    public static async Task SumAsync(NpgsqlConnection connection, int part)
    {
        await using var sum = new NpgsqlCommand("SELECT sum_part($1)", connection) { CommandTimeout = 0, Parameters = { new() { Value = part } } };
        await sum.ExecuteNonQueryAsync().ConfigureAwait(false);
    }
}
