using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Engine;
using SyncHub.Storage;
using SyncHub.Testing;

namespace SyncHub.Agent.Tests;

/// <summary>The shell around the engine, over a disk that fails on demand.</summary>
public sealed class AgentLoopTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly SetClock _clock = new();
    private readonly MemoryGuard _guard = new();
    private SimulatedJournal _journal = new(autoFlush: true);
    private AgentLoop _loop = null!;

    public Task InitializeAsync()
    {
        _loop = new AgentLoop(_journal, () => _journal = SimulatedJournal.Open(_journalImage!, autoFlush: true), (journal, lost) => new AgentEngine(journal, EngineDriver.Holder, "Test Street", _guard, lostConnection: lost), _clock, NullLogger.Instance);
        _loop.Start();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _loop.DisposeAsync();

    private JournalImage? _journalImage;

    [Theory]
    [InlineData(JournalFault.DiskFull)]
    [InlineData(JournalFault.ReadOnly)]
    public async Task A_full_disk_costs_a_refusal_and_heals_by_itself(JournalFault fault)
    {
        _journal.FailNextCommit(fault);
        Assert.Equal(V1.RejectionCode.StorageUnavailable, (await RegisterAsync()).Rejection.Code);
        Assert.NotNull((await RegisterAsync()).Member);
    }

    [Fact]
    public async Task A_journal_that_closed_itself_is_opened_again_and_never_hammered()
    {
        await RegisterAsync("before");
        _journalImage = _journal.Copy();
        _journal.FailNextCommit(JournalFault.InputOutput);
        var lost = 0L;
        _loop.NewsLost += number => lost = number;
        Assert.Equal(V1.RejectionCode.StorageUnavailable, (await RegisterAsync("during")).Rejection.Code);
        Assert.Equal(V1.RejectionCode.StorageUnavailable, (await RegisterAsync("during")).Rejection.Code);

        await _loop.TellAsync(new NewsArrived(_loop.NowMs, new HubNews(null, null), 4), CancellationToken.None);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull((await RegisterAsync("during")).Member);
        Assert.NotNull((await RegisterAsync("before")).Member);
        var status = (V1.StatusAnswer)(await _loop.AskAsync(new TillCall(_loop.NowMs, new V1.StatusRequest(), false))).Answer!;
        Assert.Equal((2, 4), (status.TipSequence, lost));
    }

    [Fact]
    public async Task A_command_that_breaks_the_engine_harms_no_other()
    {
        var broken = _loop.AskAsync(new Unheard(_loop.NowMs));
        var healthy = RegisterAsync();
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => broken);
        Assert.NotNull((await healthy).Member);
    }

    [Fact]
    public async Task What_nobody_waits_for_is_committed_although_nobody_asks_for_anything()
    {
        var heard = new TaskCompletionSource<long>();
        _loop.Logged += tip => heard.TrySetResult(tip);
        await _loop.TellAsync(Register("told"), CancellationToken.None);
        Assert.Equal(1, await heard.Task.WaitAsync(Patience));
    }

    [Fact]
    public async Task What_nobody_waits_for_keeps_its_place_before_the_next_command()
    {
        await _loop.TellAsync(Register("told"), CancellationToken.None);
        Assert.NotNull((await RegisterAsync("asked")).Member);
        var status = (V1.StatusAnswer)(await _loop.AskAsync(new TillCall(_loop.NowMs, new V1.StatusRequest(), false))).Answer!;
        Assert.Equal(2, status.TipSequence);
    }

    [Fact]
    public async Task A_till_that_finds_the_engine_idle_has_its_answer_without_another_thread()
    {
        var asked = _loop.AskHereAsync(Register("r"));
        Assert.True(asked.IsCompletedSuccessfully);
        Assert.NotNull(((V1.IdentifyAnswer)(await asked).Answer!).Member);
    }

    [Fact]
    public async Task What_was_told_before_a_till_asks_goes_into_its_turn()
    {
        await _loop.TellAsync(Register("told"), CancellationToken.None);
        Assert.NotNull(((V1.IdentifyAnswer)(await _loop.AskHereAsync(Register("asked"))).Answer!).Member);
        var status = (V1.StatusAnswer)(await _loop.AskHereAsync(new TillCall(_loop.NowMs, new V1.StatusRequest(), false))).Answer!;
        Assert.Equal(2, status.TipSequence);
    }

    [Fact]
    public async Task Whoever_asks_while_another_has_the_turn_is_answered_too()
    {
        const int Workers = 8;
        const int Each = 50;
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++)
            {
                var command = Register($"{worker}-{i}");
                switch ((worker + i) % 3)
                {
                    case 0:
                        await _loop.TellAsync(command, CancellationToken.None);
                        break;
                    case 1:
                        await _loop.AskAsync(command).WaitAsync(Patience);
                        break;
                    default:
                        await _loop.AskHereAsync(command).WaitAsync(Patience);
                        break;
                }
            }
        })));
        var status = (V1.StatusAnswer)(await _loop.AskAsync(new TillCall(_loop.NowMs, new V1.StatusRequest(), false)).WaitAsync(Patience)).Answer!;
        Assert.Equal(Workers * Each, status.TipSequence);
    }

    [Fact]
    public async Task What_came_during_a_commit_is_decided_after_it_although_nobody_else_comes()
    {
        _journal.AutoFlush = false;
        var first = _loop.AskHereAsync(Register("first"));
        var second = _loop.AskHereAsync(Register("second"));
        Assert.Equal((1, false, false), (_journal.PendingCount, first.IsCompleted, second.IsCompleted));
        _journal.AutoFlush = true;
        _journal.Flush();
        await first.WaitAsync(Patience);
        await second.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_loop_that_stops_decides_what_it_was_told_before()
    {
        await _loop.TellAsync(Register("told"), CancellationToken.None);
        await _loop.DisposeAsync();
        Assert.Equal(1, _guard.Read()!.TipSequence);
    }

    [Fact]
    public async Task A_loop_that_is_stopping_says_so()
    {
        await _loop.DisposeAsync();
        await Assert.ThrowsAsync<AgentBusyException>(() => RegisterAsync());
        Assert.Throws<AgentBusyException>(() => { _ = _loop.AskHereAsync(Register("late")); });
    }

    private async Task<V1.IdentifyAnswer> RegisterAsync(string request = "r") => (V1.IdentifyAnswer)(await _loop.AskAsync(Register(request))).Answer!;

    private TillCall Register(string request) =>
        new(_loop.NowMs, new V1.RegisterRequest { RequestId = request, Name = "Li Lei" }, false) { Entropy = System.Security.Cryptography.RandomNumberGenerator.GetBytes(10) };

    private sealed record Unheard(long NowMs) : AgentCommand(NowMs);

    private sealed class SetClock : TimeProvider
    {
        private long _ticks = TimeSpan.TicksPerDay * 20_000;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(GetTimestamp());

        public void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
    }
}
