using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Hub.Sync;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>How often an agent hears that the hub is there.</summary>
public sealed class BeatTests
{
    private const int AgentLeavesAfterSeconds = 8;
    private const int Patience = 48; // what agents say (tests/Agent/SessionPaceTests)

    [Fact]
    public void A_silent_stream_wants_a_heartbeat_before_its_agent_leaves_and_not_every_second()
    {
        using var connection = new Connection(ByteString.Empty, null, 0);
        var beats = Beats(connection, seconds: 60, sentBesides: _ => false);
        Assert.InRange(beats.Count, 60 / AgentLeavesAfterSeconds * 2, 60 / 3);
        Assert.All(beats.Zip(beats.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 1, AgentLeavesAfterSeconds / 2));
    }

    [Theory]
    [InlineData(26, 12, 30)] // agents of before
    [InlineData(Patience, 23, 98)]
    [InlineData(3600, 23, 98)]
    public void A_patient_agent_hears_two_heartbeats_before_it_would_leave_and_no_more(int patience, int between, int cut)
    {
        using var connection = new Connection(ByteString.Empty, null, 0, patience);
        var beats = Beats(connection, seconds: 240, sentBesides: _ => false);
        Assert.All(beats.Zip(beats.Skip(1)), pair => Assert.Equal(between, pair.Second - pair.First));
        Assert.True(2 * between < patience);
        Assert.Equal(cut, connection.CutSeconds);
    }

    [Theory]
    [InlineData(26, 1)]
    [InlineData(26, 11)]
    [InlineData(48, 3)]
    [InlineData(48, 22)]
    public void A_patient_agents_heartbeats_leave_with_what_is_said_again_and_never_alone(int patience, int firstRepeat)
    {
        using var connection = new Connection(ByteString.Empty, null, 0, patience);
        var beats = Enumerable.Range(1, 10 * connection.SecondsBetweenRepeats).Where(second =>
        {
            var isRepeated = second % connection.SecondsBetweenRepeats == firstRepeat;
            var isBeat = connection.WantsHeartbeat(leavesAnyway: isRepeated);
            if (isRepeated)
            {
                connection.Send(new HubFrame { FeedMark = new FeedMark { Position = second } });
            }

            return isBeat;
        }).ToList();
        Assert.Equal(Enumerable.Range(0, 10).Select(round => firstRepeat + (round * connection.SecondsBetweenRepeats)), beats);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(26)]
    [InlineData(48)]
    public void A_stream_that_brings_nothing_is_cut_when_its_time_is_over_and_no_second_before(int patience)
    {
        using var connection = new Connection(ByteString.Empty, null, 0, patience);
        Assert.False(IsCutWithin(connection, connection.CutSeconds));
        connection.OnHeard();
        Assert.False(IsCutWithin(connection, connection.CutSeconds));
        Assert.True(IsCutWithin(connection, 1));
    }

    [Fact]
    public void An_agent_that_owes_an_answer_is_cut_soon_and_asking_it_again_gives_it_no_time()
    {
        using var connection = new Connection(ByteString.Empty, null, 0, Patience);
        Assert.False(IsCutWithin(connection, 20));
        connection.Send(new HubFrame { RevokeAsk = new RevokeAsk() });
        Assert.False(IsCutWithin(connection, Connection.AnswerSeconds - 2));
        connection.Send(new HubFrame { RevokeAsk = new RevokeAsk() });
        Assert.False(IsCutWithin(connection, 2));
        Assert.True(IsCutWithin(connection, 1));

        connection.OnHeard(); // whatever it says, it is there
        Assert.False(IsCutWithin(connection, connection.CutSeconds));
    }

    [Fact]
    public void A_stream_on_which_nothing_happens_is_looked_at_every_fifth_second_and_beats_as_ever()
    {
        using var connection = new Connection(ByteString.Empty, null, 0, Patience);
        var (looks, beats, counted) = (new List<int>(), new List<int>(), 0);
        for (var second = 1; second <= 230; second++)
        {
            if (connection.Rests())
            {
                continue;
            }

            looks.Add(second);
            counted += connection.TakeSeconds();
            Assert.Equal(second, counted);
            if (connection.WantsHeartbeat())
            {
                connection.Send(new HubFrame { Heartbeat = new HubHeartbeat() });
                beats.Add(second);
            }
        }

        Assert.Equal(Enumerable.Range(1, 10).Select(round => round * 23), beats);
        Assert.All(looks.Zip(looks.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 1, 5));
        Assert.InRange(looks.Count, 230 / 5, 230 / 3);
    }

    [Fact]
    public void What_is_said_or_heard_ends_a_streams_rest_and_its_silence_counts_the_seconds_of_rest()
    {
        using var connection = new Connection(ByteString.Empty, null, 0, Patience);
        Look();
        Assert.True(connection.Rests());
        connection.OnHeard();
        Look();
        Assert.True(connection.Rests());
        connection.Send(new HubFrame { RevokeAsk = new RevokeAsk() });
        Look();
        var seconds = 1;
        for (; !connection.IsTooSilent; seconds++)
        {
            if (!connection.Rests())
            {
                connection.TakeSeconds();
                connection.WantsHeartbeat();
            }
        }

        Assert.Equal(Connection.AnswerSeconds + 1, seconds);

        void Look()
        {
            Assert.False(connection.Rests());
            connection.TakeSeconds();
            connection.WantsHeartbeat();
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(20)]
    public void An_agent_that_bears_less_hears_of_the_hub_as_often_as_ever(int silenceSeconds)
    {
        using var connection = new Connection(ByteString.Empty, null, 0, silenceSeconds);
        Assert.InRange(Beats(connection, seconds: 60, sentBesides: _ => false).Count, 60 / AgentLeavesAfterSeconds * 2, 60 / 3);
        Assert.Equal(10, connection.CutSeconds);
    }

    [Fact]
    public void A_stream_that_carries_other_frames_still_wants_heartbeats_because_they_renew_the_lease()
    {
        using var connection = new Connection(ByteString.Empty, null, 0);
        Assert.InRange(Beats(connection, seconds: 60, sentBesides: _ => true).Count, 4, 6);
    }

    [Fact]
    public void Every_stream_beats_once_in_ten_ticks_and_never_after_its_end()
    {
        var time = new TickedTime();
        var wheel = new BeatWheel(time, NullLogger.Instance);
        var beats = new int[25];
        var seats = beats.Select((_, number) => wheel.Add(() => beats[number]++, () => Assert.Fail("no beat failed"))).ToArray();
        time.Tick(30);
        Assert.All(beats, count => Assert.Equal(3, count));

        seats[7].Dispose();
        time.Tick(10);
        Assert.Equal(3, beats[7]);
        Assert.Equal(4, beats[8]);

        Array.ForEach(seats, seat => seat.Dispose());
        Assert.Equal(0, time.Running);
        using var again = wheel.Add(() => beats[0] = 100, () => { });
        time.Tick(10);
        Assert.Equal(100, beats[0]);
    }

    [Fact]
    public void A_beat_that_fails_ends_its_own_stream_only()
    {
        var time = new TickedTime();
        var wheel = new BeatWheel(time, NullLogger.Instance);
        var (ended, beats) = (0, 0);
        using var broken = wheel.Add(() => throw new InvalidOperationException("broken"), () => ended++);
        using var sound = Enumerable.Range(0, 10).Select(_ => wheel.Add(() => beats++, () => Assert.Fail("it did not fail"))).ToArray()[^1];
        time.Tick(10);
        Assert.Equal((1, 10), (ended, beats));
    }

    [Fact]
    public async Task Frames_of_one_beat_leave_in_one_go_and_later_ones_are_not_held()
    {
        using var connection = new Connection(ByteString.Empty, null, 0);
        using var end = new CancellationTokenSource();
        var written = new Written();
        var writing = connection.WriteAsync(written, end.Token);
        var duringBeat = -1;
        connection.Gather(() =>
        {
            connection.Send(new HubFrame { Heartbeat = new HubHeartbeat() });
            connection.Send(new HubFrame { OpAck = new OpAck() });
            connection.Send(new HubFrame { FeedMark = new FeedMark() });
            duringBeat = written.Hints.Count;
        });
        Assert.Equal(0, duringBeat);
        Assert.Equal([true, true, false], written.Hints);

        connection.Gather(() => { });
        connection.Send(new HubFrame { Challenge = new Challenge() });
        await written.Fourth.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal([true, true, false, false], written.Hints);

        await end.CancelAsync();
        await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    private static bool IsCutWithin(Connection connection, int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            connection.WantsHeartbeat();
        }

        return connection.IsTooSilent;
    }

    private static List<int> Beats(Connection connection, int seconds, Func<int, bool> sentBesides)
    {
        var beats = new List<int>();
        for (var second = 1; second <= seconds; second++)
        {
            if (connection.WantsHeartbeat())
            {
                connection.Send(new HubFrame { Heartbeat = new HubHeartbeat() });
                beats.Add(second);
            }

            if (sentBesides(second))
            {
                connection.Send(new HubFrame { FeedMark = new FeedMark { Position = second } });
            }
        }

        return beats;
    }

    private sealed class Written : IServerStreamWriter<HubFrame>
    {
        private readonly TaskCompletionSource _fourth = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // Of each frame whether it waits for the next one.
        public List<bool> Hints { get; } = [];

        public Task Fourth => _fourth.Task;

        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(HubFrame message)
        {
            Hints.Add(WriteOptions?.Flags == WriteFlags.BufferHint);
            if (Hints.Count == 4)
            {
                _fourth.SetResult();
            }

            return Task.CompletedTask;
        }

        public Task WriteAsync(HubFrame message, CancellationToken cancellationToken) => WriteAsync(message);
    }

    // A clock whose timers ring when the test says so.
    private sealed class TickedTime : TimeProvider
    {
        private readonly List<TickedTimer> _timers = [];

        public int Running => _timers.Count;

        public void Tick(int count)
        {
            for (var i = 0; i < count; i++)
            {
                _timers.ToList().ForEach(timer => timer.Ring());
            }
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new TickedTimer(this, callback, state);
            _timers.Add(timer);
            return timer;
        }

        private sealed class TickedTimer(TickedTime time, TimerCallback callback, object? state) : ITimer
        {
            public void Ring() => callback(state);

            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose() => time._timers.Remove(this);

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
