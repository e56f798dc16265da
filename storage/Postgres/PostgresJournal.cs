using Npgsql;
using SyncHub.Storage.Hq;
using SyncHub.Storage.Postgres.Hq;
using SyncHub.Storage.Retention;

namespace SyncHub.Storage.Postgres;

/// <summary>The journal in a PostgreSQL database; what a hub uses that outgrew one machine.</summary>
/// <remarks>
/// Thread rule: every member from any thread. All waiting batches go in one transaction, one round trip and one sync of the disk.
/// Crash rule: as <see cref="IJournal"/> says. A connection that breaks in mid-commit is resolved by reading (<see cref="WriterSession"/>); where
/// the database stays out of reach for longer than <see cref="PostgresJournalOptions.PatienceMs"/> the journal closes itself, and only what the
/// database holds when it is opened again tells whether the last batches are there.
/// Fences: a session id per writing process, UNIQUE (stream, version), and the leases of partitions; all are checked inside the transaction.
/// It is not a backup tool: copies are PostgreSQL's own (pg_basebackup, WAL archiving).
/// </remarks>
public sealed class PostgresJournal : IJournal
{
    private readonly Database _database;
    private readonly CommitLoop _commits;
    private readonly PostgresReader _here;
    private readonly WholeReader _whole;
    private readonly PartFiles _gone;
    private readonly PartMover _mover;
    private readonly WriterSession _session;
    private int _isDisposed;

    private PostgresJournal(Database database, WriterSession session, PartFiles gone)
    {
        _database = database;
        _session = session;
        _gone = gone;
        _here = new PostgresReader(database);
        _whole = new WholeReader(_here, gone);
        _mover = new PartMover(database, session, gone);
        _commits = new CommitLoop(database, session);
    }

    /// <inheritdoc/>
    /// <remarks>As of this process's newest commit; other hubs may be further.</remarks>
    public long LastPosition => _commits.LastPosition;

    /// <summary>Connects, brings the schema up to date and becomes the writer.</summary>
    /// <exception cref="ArgumentException">The connection string or an option is wrong; the message never holds the password.</exception>
    /// <exception cref="JournalUnavailableException">Out of reach, not durable, held by another process, or of a newer program; the message says what to do.</exception>
    /// <exception cref="OperationCanceledException">Given up while waiting.</exception>
    public static async Task<PostgresJournal> OpenAsync(string connectionString, PostgresJournalOptions options, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(connectionString);
        ArgumentNullException.ThrowIfNull(options);
        var database = new Database(connectionString, options);
        try
        {
            await PrepareAsync(database).ConfigureAwait(false);
            var session = await WriterSession.TakeAsync(database, cancellation).ConfigureAwait(false);
            try
            {
                return new PostgresJournal(database, session, FindParts(database)); // now that nobody else moves any
            }
            catch
            {
                await session.LetGoAsync().ConfigureAwait(false);
                await session.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>How often this writer's name changed hands.</summary>
    public long Epoch => _session.Epoch;

    /// <summary>For how long the database has not answered the writer: beyond a lease another process may have taken its place, and this one cannot know.</summary>
    public TimeSpan Silence => _commits.Silence;

    /// <summary>Why it closed itself, so that this process has to end; null while it serves.</summary>
    public JournalUnavailableException? ClosedBy => _commits.ClosedBy;

    /// <summary>Says where this process is reached, for those that wait for their turn.</summary>
    public Task AnnounceAsync(string address) => Task.Run(() => _database.Retry(connection =>
    {
        using var command = new NpgsqlCommand("UPDATE writer SET address = $3 WHERE name = $1 AND session = $2", connection)
        {
            Parameters = { new() { Value = _database.Options.Writer }, new() { Value = _session.Settled ?? throw new TimeoutException("The writer's session is being replaced.") }, new() { Value = address } },
        };
        return command.ExecuteNonQuery();
    }));

    /// <summary>Whether another process that should write whenever it can waits for its turn.</summary>
    /// <exception cref="JournalUnavailableException">The database cannot be reached.</exception>
    public bool IsAnotherPreferred() => _database.Retry(connection =>
    {
        using var command = new NpgsqlCommand($"SELECT NOT {Preference.IsNobodysSql}", connection) { Parameters = { new() { Value = _database.Options.Writer } } };
        return (bool)command.ExecuteScalar()!;
    });

    /// <summary>The leases of the partitions, for writers that share the journal. From the first round on this writer commits only to partitions that it owns.</summary>
    /// <param name="partitions">How many partitions there are.</param>
    /// <param name="address">Where the other writers reach this one.</param>
    public PartitionLeases LeasesOf(int partitions, string address)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        return new PartitionLeases(_database, _session, partitions, address);
    }

    /// <summary>Moves the oldest part into a file in <see cref="PostgresJournalOptions.PartsFolder"/>, where it has been full for <paramref name="age"/>. It is read from there as before.</summary>
    /// <returns>The part; null where there is none to move. Call it again, one call at a time, until it is.</returns>
    /// <exception cref="JournalUnavailableException">It stays where it is, for the reason that the message gives.</exception>
    public Task<JournalPart?> MoveOldestPartAsync(TimeSpan age, CancellationToken cancellation)
    {
        _commits.ThrowIfClosed();
        return _mover.MoveAsync(_database.Options.PartsFolder, age, cancellation);
    }

    /// <summary>The tables of HQ in this journal's database. They use its connections: dispose of the journal last.</summary>
    public IHqTables HqTables() => new PostgresHqTables(_database);

    /// <inheritdoc/>
    public Task<long> CommitAsync(JournalBatch batch)
    {
        BatchRules.ThrowIfBroken(batch);
        return _commits.Enqueue(batch);
    }

    /// <inheritdoc/>
    public Task<long> CommitHereAsync(JournalBatch batch)
    {
        BatchRules.ThrowIfBroken(batch);
        return _commits.WriteHere(batch);
    }

    /// <inheritdoc/>
    public StoredStream ReadStream(StreamId stream) => Whole.Stream(stream);

    /// <inheritdoc/>
    public IReadOnlyList<StoredRecord> ReadRecords(StreamId stream, long fromVersion, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Whole.Records(stream, fromVersion, limit);
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredRecord> ReadFeed(long position, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Whole.Feed(position, limit);
    }

    /// <inheritdoc/>
    public IReadOnlyList<StreamChange> ReadChanges(long position, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Whole.Changes(position, limit);
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Whole.Facts(producer, fromSequence, limit, maxBytes);
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadNewestFacts(ProducerId producer, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Whole.NewestFacts(producer, limit);
    }

    /// <inheritdoc/>
    public StoredCursor? ReadCursor(string name, ProducerId producer) => Here.Cursor(name, producer);

    /// <inheritdoc/>
    public byte[]? ReadDocument(string collection, ReadOnlySpan<byte> key) => Here.Document(collection, key.ToArray());

    /// <inheritdoc/>
    public IReadOnlyList<StoredDocument> ReadDocuments(string collection, ReadOnlySpan<byte> keyPrefix, ReadOnlySpan<byte> afterKey, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Here.Documents(collection, keyPrefix.ToArray(), afterKey.ToArray(), limit);
    }

    /// <inheritdoc/>
    public long CountDocuments(string collection) => Here.CountDocuments(collection);

    /// <inheritdoc/>
    public IReadOnlyList<StoredBalance> ReadBalances() => Here.Balances();

    /// <summary>Commits what was handed over and lets go of the database. Calls after it fail with <see cref="JournalFault.Closed"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }
        await _commits.DisposeAsync().ConfigureAwait(false);
        _database.Dispose();
        _gone.Dispose();
    }

    private static PartFiles FindParts(Database database)
    {
        var gone = new PartFiles(database.Options.PartsFolder);
        try
        {
            foreach (var part in new PostgresReader(database).PartsLeft())
            {
                gone.Add(part);
            }
            return gone;
        }
        catch
        {
            gone.Dispose();
            throw;
        }
    }

    private PostgresReader Here
    {
        get
        {
            _commits.ThrowIfClosed();
            return _here;
        }
    }

    // Records and facts: some may have left.
    private WholeReader Whole
    {
        get
        {
            _commits.ThrowIfClosed();
            return _whole;
        }
    }

    internal static async Task PrepareAsync(Database database)
    {
        try
        {
            var connection = await database.OpenAsync().ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                await ThrowIfNotDurableAsync(connection, database).ConfigureAwait(false);
                PostgresMigrator.BringUpToDate(connection, database);
            }
        }
        catch (Exception error) when (error is NpgsqlException || PostgresFaults.IsTransient(error))
        {
            throw PostgresFaults.From(error, database.Name);
        }
    }

    // A server that was sped up for a test once, and stayed so, would lose acknowledged sales at the first power cut.
    private static async Task ThrowIfNotDurableAsync(NpgsqlConnection connection, Database database)
    {
        await using var command = new NpgsqlCommand("SELECT current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on', pg_is_in_recovery(), current_setting('synchronous_standby_names') = ''", connection);
        await using var row = await command.ExecuteReaderAsync().ConfigureAwait(false);
        await row.ReadAsync().ConfigureAwait(false);
        if (row.GetBoolean(1))
        {
            throw new JournalUnavailableException(JournalFault.ReadOnly, $"{database.Name}: this server is a standby. Name all servers of the cluster in Host (Host=a,b), so that the primary is found.");
        }
        if (!row.GetBoolean(0) && !database.Options.AllowsUnsafeServer)
        {
            throw new JournalUnavailableException(JournalFault.ReadOnly, $"{database.Name}: fsync or full_page_writes is off, so a power cut loses acknowledged ops. Switch both on in postgresql.conf and reload.");
        }
        if (database.HasSeveralHosts && row.GetBoolean(2))
        {
            // No reason not to start: the standby may be down, and the operator may have decided so.
            database.Options.OnTrouble?.Invoke(new JournalUnavailableException(JournalFault.Unspecified,
                $"{database.Name}: several servers are named, but commits wait for no standby, so a failover loses acknowledged ops. Set synchronous_standby_names."));
        }
    }
}
