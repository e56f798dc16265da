using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SyncHub.Storage.Sqlite;

/// <summary>One transaction for all batches that were waiting: one fsync, and each batch still all or nothing by itself.</summary>
/// <remarks>Thread rule: whoever has the turn to write. Crash rule: before COMMIT has returned nobody was answered; after it everything is on disk.</remarks>
internal sealed class GroupCommit : IDisposable
{
    private readonly string _path;
    private readonly SqliteConnection _connection;
    private readonly BatchWriter _batches;
    private readonly Statement _begin, _commit, _rollback, _save, _undo, _release;

    public GroupCommit(SqliteConnection connection, string path)
    {
        _path = path;
        _connection = connection;
        _batches = new BatchWriter(connection);
        _begin = new(connection, "BEGIN IMMEDIATE");
        _commit = new(connection, "COMMIT");
        _rollback = new(connection, "ROLLBACK");
        _save = new(connection, "SAVEPOINT batch");
        _undo = new(connection, "ROLLBACK TO batch");
        _release = new(connection, "RELEASE batch");
        Position = NewestPosition(connection);
    }

    /// <summary>The position of the newest durable record.</summary>
    public long Position { get; private set; }

    /// <summary>Commits what it can of <paramref name="group"/> and notes on each batch why it could not; answers nobody.</summary>
    /// <returns>Why the journal must close, or null where it can go on.</returns>
    public JournalUnavailableException? Run(List<PendingBatch> group)
    {
        if (group.TrueForAll(pending => pending.Batch.IsEmpty))
        {
            return null;
        }
        var isCommitting = false;
        try
        {
            _begin.Run();
            var position = Position;
            var isAlone = group.Count == 1; // then the transaction is all there is to undo
            foreach (var pending in group)
            {
                position = Write(pending, position, isAlone);
            }
            if (isAlone && group[0].Failure is not null)
            {
                _rollback.Run();
                return null;
            }
            isCommitting = true;
            _commit.Run();
            Position = position;
            return null;
        }
        catch (SqliteException error)
        {
            return Abandon(group, error, isCommitting);
        }
    }

    public void Dispose()
    {
        _batches.Dispose();
        foreach (var statement in (ReadOnlySpan<Statement>)[_begin, _commit, _rollback, _save, _undo, _release])
        {
            statement.Dispose();
        }
    }

    private static long NewestPosition(SqliteConnection connection)
    {
        using var newest = new Statement(connection, "SELECT max(position) FROM record");
        return newest.First(static row => row.Integer(0));
    }

    private long Write(PendingBatch pending, long position, bool isAlone)
    {
        if (pending.Batch.IsEmpty || pending.IsRefused())
        {
            return position;
        }
        if (!isAlone)
        {
            _save.Run();
        }
        try
        {
            position = _batches.Write(pending.Batch, position);
        }
        catch (SqliteException error) when (SqliteFaults.BlamesTheBatch(error))
        {
            pending.Failure = new JournalConflictException($"The journal's schema refused a row: {error.Message}");
        }
        catch (Exception error) when (error is not SqliteException)
        {
            // A conflict, an overflow or a mistake in the batch: its own affair. Whoever waits for it is told.
            pending.Failure = error;
        }
        if (isAlone)
        {
            return position;
        }
        if (pending.Failure is not null)
        {
            _undo.Run();
        }
        _release.Run();
        return position;
    }

    private JournalUnavailableException? Abandon(List<PendingBatch> group, SqliteException error, bool isCommitting)
    {
        var fault = SqliteFaults.From(error, _path);
        foreach (var pending in group.Where(pending => !pending.Batch.IsEmpty))
        {
            pending.Failure ??= fault;
        }
        try
        {
            // Some errors make SQLite roll back by itself.
            if (raw.sqlite3_get_autocommit(_connection.Handle!) == 0)
            {
                _rollback.Run();
            }
        }
        catch (SqliteException rollbackError)
        {
            return SqliteFaults.From(rollbackError, _path);
        }
        return isCommitting && SqliteFaults.IsFatalAtCommit(error) ? fault : null;
    }
}
