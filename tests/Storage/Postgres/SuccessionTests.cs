using SyncHub.Storage.KillTarget;
using SyncHub.Storage.Postgres;
using SyncHub.Storage.Postgres.Audit;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>When a process that wants to write may, and that the one that writes keeps its place otherwise.</summary>
[Collection(SharedPostgres.Name)]
public sealed class SuccessionTests(PostgresInstance instance)
{
    private const int Never = 600_000; // a lease that does not end within a test
    private const int Long = 20_000; // longer than any machine keeps a process from running, and shorter than the server of these tests has been up

    private readonly string _schema = "next_" + Guid.NewGuid().ToString("N")[..12];

    [Fact]
    public async Task A_process_that_starts_after_a_takeover_does_not_end_the_one_that_took_over()
    {
        using var stopped = KillTargetProcess.Start(instance.ConnectionString, 2, 0, _schema);
        Assert.True(await stopped.ReadAsync(50), $"the process ended by itself: {string.Join('\n', stopped.Said)}");
        stopped.Signal("STOP");
        await using var next = await OpenAsync(leaseMs: 1_500);
        await stopped.KillAsync(); // with its connection everything goes that it held in the database

        var refused = await Assert.ThrowsAsync<JournalUnavailableException>(() => OpenAsync(leaseMs: Long, takeOverMs: 2_000));
        Assert.Equal(JournalFault.Locked, refused.Fault);
        await next.CommitAsync(Workload.Batch(2, 1));
        using var rows = JournalDatabaseReader.Open(instance.ConnectionString, _schema);
        Assert.Equal(1, WorkloadCheck.HoldsWholeBatches(rows)[2]);
    }

    [Fact]
    public async Task Who_lets_go_is_followed_at_once_and_by_one_only()
    {
        var one = await OpenAsync(Never);
        await one.CommitAsync(Make.Records(Make.Record(1, 1)));
        using var giveUp = new CancellationTokenSource();
        List<Task<PostgresJournal>> waiting = [StandByAsync(giveUp.Token), StandByAsync(giveUp.Token)];
        await one.DisposeAsync();

        var first = await Task.WhenAny(waiting);
        await using var next = await first;
        Assert.Equal(["1:"], next.ReadRecords(Make.Stream(1), 1, 10).Texts().Select(text => text[..2]));
        await next.CommitAsync(Make.Records(Make.Record(1, 2)));
        var other = waiting.Single(task => task != first);
        Assert.False(other.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other);
        await next.CommitAsync(Make.Records(Make.Record(1, 3)));
    }

    [Fact]
    public async Task Who_is_preferred_is_waited_for_and_followed_by_others_only_when_it_is_gone()
    {
        var one = await OpenAsync(Never);
        Assert.False(one.IsAnotherPreferred());
        using var giveUp = new CancellationTokenSource();
        var first = StandByAsync(giveUp.Token);
        Assert.False(one.IsAnotherPreferred()); // whoever waits is not preferred for that
        var preferred = StandByAsync(CancellationToken.None, isPreferred: true);
        while (!one.IsAnotherPreferred())
        {
            await Task.Delay(20);
        }

        await one.CommitAsync(Make.Records(Make.Record(1, 1)));
        await one.DisposeAsync();
        Assert.Same(preferred, await Task.WhenAny(preferred, first)); // else this would wait for ever
        var next = await preferred;
        Assert.False(next.IsAnotherPreferred()); // it leads, and waits no more
        await next.CommitAsync(Make.Records(Make.Record(1, 2)));
        await next.DisposeAsync();
        await using var last = await first;
        await last.CommitAsync(Make.Records(Make.Record(1, 3)));
    }

    [Fact]
    public async Task One_that_is_preferred_and_does_not_come_is_not_waited_for_for_ever()
    {
        var one = await OpenAsync(Never);
        await using var frozen = new Npgsql.NpgsqlConnection(instance.ConnectionString);
        await frozen.OpenAsync();
        await using (var claim = new Npgsql.NpgsqlCommand($"SELECT pg_advisory_lock(hashtextextended('synchub prefers {_schema} hub', 0))", frozen))
        {
            await claim.ExecuteNonQueryAsync();
        }

        Assert.True(one.IsAnotherPreferred());
        var waiting = StandByAsync(CancellationToken.None);
        await one.DisposeAsync();
        await using var next = await waiting;
        await next.CommitAsync(Make.Records(Make.Record(1, 1)));
    }

    [Fact]
    public async Task Who_stands_by_is_told_who_leads_and_where()
    {
        await using var one = await OpenAsync(Never);
        await one.AnnounceAsync("https://hub.example:7400");
        using var giveUp = new CancellationTokenSource();
        var told = new TaskCompletionSource<LeadingWriter>(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = StandByAsync(giveUp.Token, leader =>
        {
            told.TrySetResult(leader);
            return Task.CompletedTask;
        });
        var leader = await told.Task;
        Assert.Equal("https://hub.example:7400", leader.Address);
        Assert.Contains($"process {Environment.ProcessId}", leader.HeldBy, StringComparison.Ordinal);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task A_connection_that_breaks_does_not_cost_the_writer_its_place()
    {
        using var line = new CutLine(instance.Port);
        var settings = new Npgsql.NpgsqlConnectionStringBuilder(instance.ConnectionString) { Port = line.Port };
        await using var one = await PostgresJournal.OpenAsync(settings.ConnectionString, Options(1_000));
        using var giveUp = new CancellationTokenSource();
        var waiting = StandByAsync(giveUp.Token, leaseMs: Long); // who took a broken connection for an end would not wait that long, nor at all
        for (var version = 1; version <= 5; version++)
        {
            var cut = line.CutNextAnswerAsync();
            await one.CommitAsync(Make.Records(Make.Record(1, version)));
            await cut;
        }

        Assert.False(waiting.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private PostgresJournalOptions Options(int leaseMs) => new() { Schema = _schema, LeaseMs = leaseMs };

    private Task<PostgresJournal> OpenAsync(int leaseMs, int takeOverMs = 30_000) => PostgresJournal.OpenAsync(instance.ConnectionString, Options(leaseMs) with { TakeOverMs = takeOverMs });

    private Task<PostgresJournal> StandByAsync(CancellationToken cancellation, Func<LeadingWriter, Task>? onWaiting = null, int leaseMs = Never, bool isPreferred = false) =>
        PostgresJournal.OpenAsync(instance.ConnectionString, Options(leaseMs) with { IsPreferred = isPreferred, TakeOverMs = int.MaxValue, GoneMs = Long, OnWaiting = onWaiting }, cancellation);
}
