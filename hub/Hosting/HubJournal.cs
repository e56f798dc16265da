using Microsoft.Extensions.Logging;
using SyncHub.Hub.Grains;
using SyncHub.Storage;
using SyncHub.Storage.Hq;
using SyncHub.Storage.Postgres;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;
using SyncHub.Storage.Sqlite.Hq;

namespace SyncHub.Hub;

/// <summary>Opens the hub's journal: a file in its folder, or a PostgreSQL database.</summary>
internal sealed class HubJournal
{
    // Threads. A stack that only waits costs some tens of KB.
    private const int ThreadsBeside = 32;

    private volatile ILogger? _log;
    private volatile JournalUnavailableException? _untold;
    private PostgresJournal? _database;

    /// <summary>Where lost connections are reported, as soon as there is a log.</summary>
    public void LogTo(ILogger log)
    {
        _log = log;
        if (_untold is { } trouble)
        {
            Tell(trouble);
        }
    }

    /// <summary>Whether the journal is a database that several hubs may want to write to.</summary>
    public bool IsShared => _database is not null;

    /// <summary>For how long the database has not answered; zero for a file.</summary>
    public TimeSpan Silence => _database?.Silence ?? TimeSpan.Zero;

    /// <summary>Why the database closed itself to this hub: another one leads, most likely; null while it serves, and for a file.</summary>
    public JournalUnavailableException? ClosedBy => _database?.ClosedBy;

    /// <summary>The tables of HQ: in the database, or in a file beside the journal's.</summary>
    /// <exception cref="JournalUnavailableException">They cannot be opened.</exception>
    public IHqTables OpenHqTables(HubOptions options) => _database?.HqTables() ?? SqliteHqTables.Open(HqFile(options.DataDirectory));

    /// <summary>Where the tables of HQ lie where the journal is a file.</summary>
    public static string HqFile(string dataDirectory) => Path.Combine(dataDirectory, "hub.hq.db");

    /// <summary>Moves old parts of the journal out of its database from now on; null where none ever leaves.</summary>
    public PartRetention? StartRetention(HubOptions options, ILogger<PartRetention> log) =>
        _database is { } database && options.PartsAge is { } age ? new PartRetention(database, age, options.Time, log) : null;

    /// <summary>Tells the hubs that stand by where this one is.</summary>
    public Task AnnounceAsync(string address) => _database?.AnnounceAsync(address) ?? Task.CompletedTask;

    /// <summary>Whether another hub that is preferred waits for its turn.</summary>
    /// <exception cref="JournalUnavailableException">The database cannot be reached.</exception>
    public bool IsAnotherPreferred() => _database?.IsAnotherPreferred() == true;

    /// <summary>Opens it, when it is this hub's turn.</summary>
    /// <param name="options">Where it is.</param>
    /// <param name="onWaiting">Told who writes while this hub stands by.</param>
    /// <param name="cancellation">Gives up while it waits.</param>
    /// <exception cref="JournalUnavailableException">It cannot be opened; the message names the way out.</exception>
    public async Task<SealedJournal> OpenAsync(HubOptions options, Func<LeadingWriter, Task> onWaiting, CancellationToken cancellation)
    {
        var keys = HubSeal.PathOf(options.DataDirectory, options.KeyFile);
        if (options.Storage.Length == 0)
        {
            var path = Path.Combine(options.DataDirectory, "hub.db");
            var ring = KeyRing.Of(path, keys);
            return await HubSeal.OpenAsync(options.AroundJournal(SqliteJournal.Open(path, new SqliteJournalOptions { WriterCacheKib = 32 * 1024, ReaderCacheKib = 4 * 1024 })), ring).ConfigureAwait(false);
        }

        // A partition that activates a member waits for the database on its thread. All of them may, at a start with many stores in backlog, and
        // the commits must go on beside them: the pool adds threads one by one, each half a second.
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.SetMinThreads(Math.Max(workers, PartitionSettings.LoopsFor(options.Partitions) + ThreadsBeside), completions);
        var settings = new PostgresJournalOptions { PatienceMs = options.StoragePatienceMs, LeaseMs = options.StorageLeaseMs, PartsFolder = options.PartsFolder, PartRecords = options.PartRecords, IsPreferred = options.IsPreferred, OnTrouble = Tell };
        var journal = _database = await PostgresJournal.OpenAsync(options.Storage, options.StandsBy ? settings with { TakeOverMs = int.MaxValue, OnWaiting = onWaiting } : settings, cancellation).ConfigureAwait(false);
        try
        {
            return await HubSeal.OpenAsync(options.AroundJournal(journal), KeyRing.Of(journal, keys)).ConfigureAwait(false);
        }
        catch
        {
            await journal.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void Tell(JournalUnavailableException trouble)
    {
        if (_log is { } log)
        {
            log.LogWarning("The journal is in trouble: {Reason}", trouble.Message);
        }
        else
        {
            _untold = trouble; // the newest one before there was a log
        }
    }
}
