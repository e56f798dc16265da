using System.Diagnostics;
using System.Text.RegularExpressions;
using Npgsql;

namespace SyncHub.Storage.Postgres;

/// <summary>The connections to one journal's database: how they are opened and what every session of them is set to.</summary>
/// <remarks>Thread-safe. It never shows the connection string: that holds the password.</remarks>
internal sealed partial class Database : IDisposable
{
    // Milliseconds between attempts to reach a database that does not answer.
    private const int BetweenAttemptsMs = 100;

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlDataSource _writers;

    // Before the pool, and not the pool's own queue: that one needs another thread to wake a waiting one up, and threads that wait here are
    // the ones that would be needed.
    private readonly SemaphoreSlim _free;

    public Database(string connectionString, PostgresJournalOptions options)
    {
        NpgsqlConnectionStringBuilder settings;
        try
        {
            settings = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (ArgumentException error)
        {
            // Its message names the bad key and not the value.
            throw new ArgumentException($"The connection string of the database is wrong: {error.Message} An example: Host=db.example;Username=synchub;Password=...;Database=synchub", nameof(connectionString), error);
        }
        Options = options.Schema.Length > 0 ? options : options with { Schema = settings.SearchPath is { Length: > 0 } path ? path : PostgresJournalOptions.DefaultSchema };
        if (!SchemaName().IsMatch(Options.Schema))
        {
            throw new ArgumentException($"The schema's name '{Options.Schema}' must be small letters, digits and underscores.", nameof(options));
        }
        settings.Enlist = false;
        settings.NoResetOnClose = true;  // the sessions' settings stay; nothing else is ever set on them
        settings.MaxAutoPrepare = 64;
        settings.AutoPrepareMinUsages = 2;
        settings.MinPoolSize = 0;
        settings.MaxPoolSize = options.Readers + 2;
        settings.CommandTimeout = Math.Max(1, options.AnswerMs / 1000);
        // A commit that is cancelled while it waits for a standby would be reported as done although the standby lacks it: never cancel, read.
        settings.CancellationTimeout = -1;
        settings.TcpKeepAlive = true;
        if (!settings.ContainsKey("Host Recheck Seconds"))
        {
            settings.HostRecheckSeconds = 1; // a standby that was promoted is found within a second, not ten
        }
        settings.ApplicationName ??= $"synchub {options.Writer}";
        settings.IncludeErrorDetail = false; // details quote rows, which hold members
        HasSeveralHosts = settings.Host?.Contains(',', StringComparison.Ordinal) == true;
        Name = $"postgresql://{settings.Host}:{settings.Port}/{settings.Database} schema {Options.Schema}";
        _free = new SemaphoreSlim(options.Readers);
        _source = Build(settings);
        settings.Pooling = false; // a writer's connection that is given up has to be closed, not kept for later
        _writers = Build(settings);
    }

    /// <summary>Whether the connection string names a cluster.</summary>
    public bool HasSeveralHosts { get; }

    /// <summary>What to call it in messages; without user and password.</summary>
    public string Name { get; }

    public PostgresJournalOptions Options { get; }

    /// <summary>A connection of the pool, opened now or not at all.</summary>
    public NpgsqlConnection Open() => _source.OpenConnection();

    /// <inheritdoc cref="Open"/>
    public ValueTask<NpgsqlConnection> OpenAsync() => _source.OpenConnectionAsync();

    /// <summary>A connection of its own, outside the pool.</summary>
    public ValueTask<NpgsqlConnection> OpenWriterAsync() => _writers.OpenConnectionAsync();

    /// <summary>Runs something that may be repeated, again and again while the database cannot be reached.</summary>
    /// <exception cref="JournalUnavailableException">It failed for another reason, or the patience is over.</exception>
    public T Retry<T>(Func<NpgsqlConnection, T> action)
    {
        for (var started = Stopwatch.GetTimestamp(); ;)
        {
            _free.Wait();
            try
            {
                using var connection = _source.OpenConnection();
                return action(connection);
            }
            catch (Exception error) when (error is not JournalException && (error is NpgsqlException || PostgresFaults.IsTransient(error)))
            {
                if (!PostgresFaults.IsTransient(error) || Stopwatch.GetElapsedTime(started).TotalMilliseconds > Options.PatienceMs)
                {
                    throw PostgresFaults.From(error, Name);
                }
            }
            finally
            {
                _free.Release();
            }
            Thread.Sleep(BetweenAttemptsMs); // reads of the journal are synchronous: whoever asks waits while the database is away, and no longer than the patience
        }
    }

    public void Dispose()
    {
        _source.Dispose();
        _writers.Dispose();
        _free.Dispose();
    }

    // Plans are made once and kept while tables grow from nothing: they must walk the indexes even where a table is empty today, and one index in its order: of a part
    // that nobody has analysed yet the planner believes that a range of positions and a stream are equally few rows, and would read all positions of the part for each stream.
    // A process that is stopped inside a transaction may hold the feed's head: it keeps it for a lease, not longer, or nobody could take over.
    private string Settings =>
        $"""
        SET search_path TO "{Options.Schema}"; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off; SET enable_sort = off; SET plan_cache_mode = force_generic_plan; SET jit = off; SET lock_timeout = '30s';
        SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; SET idle_in_transaction_session_timeout = '{Options.LeaseMs}ms';
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
        """;

    private NpgsqlDataSource Build(NpgsqlConnectionStringBuilder settings)
    {
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.UsePhysicalConnectionInitializer(Prepare, PrepareAsync);
        return settings.Host?.Contains(',', StringComparison.Ordinal) == true
            ? builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary)
            : builder.Build();
    }

    private void Prepare(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(Settings, connection);
        command.ExecuteNonQuery();
    }

    private async Task PrepareAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(Settings, connection);
        await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    [GeneratedRegex("^[a-z_][a-z0-9_]{0,62}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SchemaName();
}
