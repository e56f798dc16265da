using SyncHub.Storage.Postgres;
using SyncHub.Storage.Schema;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>The schema moves to its next step while a program of the step before commits; the newer one waits for its turn and then leads.</summary>
[Collection(SharedPostgres.Name)]
public sealed class PostgresUpgradeTests(PostgresInstance instance)
{
    // What a later step may do to the tables of every commit: new columns and an index. Nothing that an older program does not survive may be in a step.
    private const string Later = "ALTER TABLE record ADD COLUMN later text; ALTER TABLE document ADD COLUMN later bigint NOT NULL DEFAULT 0; CREATE INDEX fact_later ON fact (store, sequence)";

    private static readonly IReadOnlyList<Migration> Newer = [.. Migration.Postgres, new(Migration.Postgres.Count + 1, "later", Later)];

    private readonly string _schema = "upgrade_" + Guid.NewGuid().ToString("N")[..12];

    [Fact]
    public async Task The_older_program_commits_on_while_a_newer_one_moves_the_schema_and_hands_over_cleanly()
    {
        var old = await OpenAsync(Migration.Postgres);
        using var load = new Load(old);
        await load.AtLeastAsync(20);
        var standsBy = new TaskCompletionSource();
        var waiting = OpenAsync(Newer, () => standsBy.TrySetResult());
        await await Task.WhenAny(standsBy.Task, waiting); // it has moved the schema, and waits
        Assert.Equal(Newer.Count, Convert.ToInt32(instance.Ask($"SELECT max(number) FROM {_schema}.migration"), System.Globalization.CultureInfo.InvariantCulture));

        await load.AtLeastAsync(load.Committed + 50);
        Assert.False(waiting.IsCompleted);
        var committed = await load.StopAsync();
        await old.DisposeAsync();
        await using var leads = await waiting;
        Assert.Equal(Enumerable.Range(1, committed), leads.ReadRecords(Make.Stream(1), 1, int.MaxValue).Select(record => (int)record.Version));
        await leads.CommitAsync(Make.Records(Make.Record(1, committed + 1)));
    }

    [Fact]
    public async Task An_older_program_that_starts_after_the_move_is_refused_and_told_what_to_do()
    {
        await using var newer = await OpenAsync(Newer);
        var refused = await Assert.ThrowsAsync<JournalUnavailableException>(() => OpenAsync(Migration.Postgres));
        Assert.Equal(JournalFault.TooNew, refused.Fault);
        Assert.Contains("Run the newer program", refused.Message, StringComparison.Ordinal);
        await newer.CommitAsync(Make.Records(Make.Record(1, 1)));
    }

    [Fact]
    public async Task A_step_that_fails_leaves_the_schema_and_the_one_that_commits_as_they_were()
    {
        await using var old = await OpenAsync(Migration.Postgres);
        using var load = new Load(old);
        await load.AtLeastAsync(10);
        Migration[] broken = [.. Migration.Postgres, new(Migration.Postgres.Count + 1, "broken", "ALTER TABLE record ADD COLUMN later text; SELECT nonsense")];
        await Assert.ThrowsAsync<JournalUnavailableException>(() => OpenAsync(broken));
        await load.AtLeastAsync(load.Committed + 10);
        await load.StopAsync();
        Assert.Equal(0L, instance.Ask($"SELECT count(*) FROM information_schema.columns WHERE table_schema = '{_schema}' AND column_name = 'later'"));
    }

    private Task<PostgresJournal> OpenAsync(IReadOnlyList<Migration> steps, Action? onWaiting = null) => PostgresJournal.OpenAsync(instance.ConnectionString, new PostgresJournalOptions
    {
        Schema = _schema,
        Migrations = steps,
        TakeOverMs = int.MaxValue,
        LeaseMs = 600_000,
        OnWaiting = _ =>
        {
            onWaiting?.Invoke();
            return Task.CompletedTask;
        },
    });

    /// <summary>Commits one record after another, and fails with the first commit that does.</summary>
    private sealed class Load : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;
        private volatile int _committed;

        public Load(PostgresJournal journal) => _running = Task.Run(async () =>
        {
            while (!_stop.IsCancellationRequested)
            {
                await journal.CommitAsync(new JournalBatch { Records = { Make.Record(1, _committed + 1) }, Documents = { Make.Put("k", $"{_committed}") } });
                _committed++;
            }
        });

        public int Committed => _committed;

        public async Task AtLeastAsync(int commits)
        {
            while (_committed < commits && !_running.IsCompleted)
            {
                await Task.Yield();
            }

            if (_running.IsCompleted)
            {
                await _running;
            }
        }

        public async Task<int> StopAsync()
        {
            await _stop.CancelAsync();
            await _running;
            return _committed;
        }

        public void Dispose() => _stop.Dispose();
    }
}
