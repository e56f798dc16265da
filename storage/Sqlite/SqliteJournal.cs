using Microsoft.Data.Sqlite;
using SyncHub.Storage.Sqlite.Schema;

namespace SyncHub.Storage.Sqlite;

/// <summary>The journal in one SQLite file beside the process; what a store uses, and a hub that fits one machine.</summary>
/// <remarks>
/// Thread rule: every member from any thread. Batches are written by one thread of its own, all waiting ones in one transaction, or by their caller (<see cref="CommitHereAsync"/>).
/// Crash rule: as <see cref="IJournal"/> says (write-ahead log, synchronous=FULL). After an I/O error or damage at COMMIT the journal
/// closes itself, and only what the file holds when it is opened again tells whether that last transaction is there: a disk that failed
/// an fsync has not said what it kept.
/// Beside the file lie its -wal and -shm (both belong to it while it is open or after a crash) and a .lock, which keeps a second process out.
/// </remarks>
public sealed class SqliteJournal : IJournal
{
    private readonly FileLock _lock;
    private readonly JournalWriter _writer;
    private readonly ReaderPool _readers;
    private readonly bool _readsWhereItWrites;
    private int _isDisposed;

    private SqliteJournal(FileLock fileLock, JournalWriter writer, ReaderPool readers, bool readsWhereItWrites)
    {
        _readsWhereItWrites = readsWhereItWrites;
        _lock = fileLock;
        _writer = writer;
        _readers = readers;
    }

    /// <inheritdoc/>
    public long LastPosition => _writer.LastPosition;

    /// <summary>Opens or creates the journal at <paramref name="path"/> and brings its schema up to date. The folder must exist: a mistyped path must not start an empty history.</summary>
    /// <exception cref="JournalUnavailableException">Held by another process, not a journal, damaged, read-only or of a newer program; the message says what to do.</exception>
    public static SqliteJournal Open(string path, SqliteJournalOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        path = Path.GetFullPath(path);
        ThrowIfMarkedReadOnly(path);
        var fileLock = FileLock.Take(path);
        try
        {
            JournalCopy.ThrowIfHalfReplaced(path); // under the lock: nobody begins to replace it from here on
            return new SqliteJournal(fileLock, OpenWriter(path, options), new ReaderPool(path, options), options.ReadsWhereItWrites);
        }
        catch (SqliteException error)
        {
            fileLock.Dispose();
            throw SqliteFaults.AtOpening(error, path);
        }
        catch
        {
            fileLock.Dispose();
            throw;
        }
    }

    /// <summary>Refuses where a process has the journal at <paramref name="path"/> open; damaged or missing, it is in nobody's use.</summary>
    /// <exception cref="JournalUnavailableException">It is in use; the message says by whom.</exception>
    public static void ThrowIfInUse(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileLock.Take(Path.GetFullPath(path)).Dispose();
    }

    /// <inheritdoc/>
    public Task<long> CommitAsync(JournalBatch batch)
    {
        BatchRules.ThrowIfBroken(batch);
        return _writer.Enqueue(batch);
    }

    /// <inheritdoc/>
    public Task<long> CommitHereAsync(JournalBatch batch)
    {
        BatchRules.ThrowIfBroken(batch);
        return _writer.WriteHere(batch);
    }

    /// <inheritdoc/>
    public StoredStream ReadStream(StreamId stream) => Read(reader => reader.Stream(stream));

    /// <inheritdoc/>
    public IReadOnlyList<StoredRecord> ReadRecords(StreamId stream, long fromVersion, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read(reader => reader.Records(stream, fromVersion, limit));
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredRecord> ReadFeed(long position, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read(reader => reader.Feed(position, limit));
    }

    /// <inheritdoc/>
    public IReadOnlyList<StreamChange> ReadChanges(long position, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read(reader => reader.Changes(position, limit));
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read(reader => reader.Facts(producer, fromSequence, limit, maxBytes));
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadNewestFacts(ProducerId producer, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read(reader => reader.NewestFacts(producer, limit));
    }

    /// <inheritdoc/>
    public StoredCursor? ReadCursor(string name, ProducerId producer) => Read(reader => reader.Cursor(name, producer));

    /// <inheritdoc/>
    public byte[]? ReadDocument(string collection, ReadOnlySpan<byte> key)
    {
        var wanted = key.ToArray();
        return _readsWhereItWrites && _writer.TryRead(collection, wanted, out var value) ? value : Read(reader => reader.Document(collection, wanted));
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredDocument> ReadDocuments(string collection, ReadOnlySpan<byte> keyPrefix, ReadOnlySpan<byte> afterKey, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        var (prefix, after) = (keyPrefix.ToArray(), afterKey.ToArray());
        return Read(reader => reader.Documents(collection, prefix, after, limit));
    }

    /// <inheritdoc/>
    public long CountDocuments(string collection) => Read(reader => reader.CountDocuments(collection));

    /// <inheritdoc/>
    public IReadOnlyList<StoredBalance> ReadBalances() => Read(static reader => reader.Balances());

    /// <summary>Commits what was handed over, folds the log into the file and lets go of it. Calls after it fail with <see cref="JournalFault.Closed"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }
        await _writer.StopAsync();
        // Readers first: only the last connection to close can empty the log.
        _readers.Dispose();
        _writer.Dispose();
        _lock.Dispose();
    }

    private static JournalWriter OpenWriter(string path, SqliteJournalOptions options)
    {
        var connection = Connections.OpenWriter(path, options);
        try
        {
            Migrator.BringUpToDate(connection, path, options.Migrations);
            return new JournalWriter(connection, path, options);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    // The superuser could write a file without any write permission. Somebody who took it away, say from an archived copy, meant it.
    private static void ThrowIfMarkedReadOnly(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }
        const UnixFileMode Writable = UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
        var isReadOnly = OperatingSystem.IsWindows()
            ? File.GetAttributes(path).HasFlag(FileAttributes.ReadOnly)
            : (File.GetUnixFileMode(path) & Writable) == UnixFileMode.None;
        if (isReadOnly)
        {
            throw SqliteFaults.ReadOnly(path);
        }
    }

    private T Read<T>(Func<JournalReader, T> read)
    {
        _writer.ThrowIfClosed();
        return _readers.Read(read);
    }
}
