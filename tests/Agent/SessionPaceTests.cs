using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Agent.Sync;
using SyncHub.Core.Primitives;
using SyncHub.Storage;

namespace SyncHub.Agent.Tests;

/// <summary>When ops and heartbeats leave a store, asked of the session itself, without a clock.</summary>
public sealed class SessionPaceTests
{
    private static readonly Holder Holder = new(new StoreId(7), Incarnation.Of(1, 1));
    private static readonly ByteString Nonce = ByteString.CopyFromUtf8("nonce");

    [Fact]
    public void Ops_that_nobody_waits_for_gather_while_a_batch_has_just_left()
    {
        var shell = new Shell();
        var session = Welcomed(shell);
        Log(session, shell, 1);
        Assert.Equal(1, session.NextFrame()?.OpBatch?.Envelopes.Count);

        Assert.Null(session.NextFrame(holdsOps: true));
        var wakes = shell.Wakes;
        Log(session, shell, 2);
        Log(session, shell, 3);
        Assert.Equal(wakes, shell.Wakes);
        Assert.True(session.HoldsOps, "the shell must ask again");
        Assert.Null(session.NextFrame(holdsOps: true));

        Assert.Equal(2, session.NextFrame(holdsOps: false)?.OpBatch?.Envelopes.Count);
        Log(session, shell, 4);
        Assert.Equal(wakes + 1, shell.Wakes);
    }

    [Fact]
    public void Rights_that_another_store_waits_for_leave_at_once()
    {
        var shell = new Shell();
        var session = Welcomed(shell);
        Log(session, shell, 1);
        session.NextFrame();
        Assert.Null(session.NextFrame(holdsOps: true));

        shell.Reply = new EngineReply { TipSequence = 3, GaveRights = true };
        session.OnFrame(new V1.HubFrame { RevokeAsk = new V1.RevokeAsk { Incarnation = Holder.Incarnation.Value, Id = 5 } });
        Assert.Equal(2, session.NextFrame(holdsOps: true)?.OpBatch?.Envelopes.Count);
    }

    [Fact]
    public void That_there_was_nothing_to_hand_back_is_said_at_once_behind_the_ops_before_it()
    {
        var shell = new Shell();
        var session = Welcomed(shell);
        Log(session, shell, 1);
        session.NextFrame();
        Log(session, shell, 2);
        Assert.Null(session.NextFrame(holdsOps: true));

        shell.Reply = new EngineReply { TipSequence = 2 };
        session.OnFrame(new V1.HubFrame { RevokeAsk = new V1.RevokeAsk { Incarnation = Holder.Incarnation.Value, Id = 5 } });
        Assert.NotNull(session.NextFrame(holdsOps: true)?.OpBatch);
        Assert.Equal(5, session.NextFrame(holdsOps: true)?.RevokeDone?.Id);
    }

    [Fact]
    public void A_backlog_does_not_wait()
    {
        var shell = new Shell();
        var session = Welcomed(shell);
        Log(session, shell, 1);
        session.NextFrame();
        Log(session, shell, 51);
        Assert.Equal(50, session.NextFrame(holdsOps: true)?.OpBatch?.Envelopes.Count);
    }

    [Fact]
    public void A_store_with_nothing_new_says_every_second_time_that_it_is_there()
    {
        var shell = new Shell();
        var session = Welcomed(shell);
        var heartbeats = new List<bool>();
        for (var beat = 0; beat < 6; beat++)
        {
            session.Beat();
            heartbeats.Add(session.NextFrame()?.Heartbeat is not null);
        }

        Assert.Equal([false, true, false, true, false, true], heartbeats);
        Log(session, shell, 1);
        session.NextFrame();
        session.Beat();
        Assert.Equal(1, session.NextFrame()?.Heartbeat?.TipSequence);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(10, 2)]
    [InlineData(30, 7)]
    [InlineData(52, 12)]
    [InlineData(98, 24)]
    public void A_hub_that_bears_a_longer_silence_hears_less_of_a_store_with_nothing_new(int silenceSeconds, int beatsBetween)
    {
        var shell = new Shell();
        var session = Welcomed(shell, silenceSeconds);
        var silent = 0;
        for (session.Beat(); session.NextFrame()?.Heartbeat is null; session.Beat())
        {
            silent++;
        }

        Assert.Equal(beatsBetween, silent + 1);
    }

    [Fact]
    public void An_agent_says_how_long_it_bears_a_silent_hub()
    {
        var session = new HubSession(1, Nonce, new SelfDescription(Holder, 0, OpHash.Genesis, 1, 0, 0, 0, ""), new Shell());
        Assert.Equal(48, session.Hello(1, Cell.Only).Hello.SilenceSeconds); // a hub beats twice in that time (tests/Hub/BeatTests)
    }

    private static void Log(HubSession session, Shell shell, long sequence)
    {
        shell.Newest = sequence;
        session.OnLogged(sequence);
    }

    private static HubSession Welcomed(Shell shell, int silenceSeconds = 0)
    {
        var session = new HubSession(1, Nonce, new SelfDescription(Holder, 0, OpHash.Genesis, 1, 0, 0, 0, ""), shell);
        session.OnFrame(new V1.HubFrame { Welcome = new V1.Welcome { Nonce = Nonce, Token = 1, MaxUnackedBytes = 1_000_000, SilenceSeconds = silenceSeconds } });
        Assert.True(session.IsLive);
        while (session.NextFrame() is not null)
        {
            // What a session says when it begins.
        }

        return session;
    }

    private sealed class Shell : ISessionShell
    {
        public long NowMs => 1;

        public int Wakes { get; private set; }

        public EngineReply Reply { get; set; } = new();

        public void Tell(AgentCommand command)
        {
            // Nothing here depends on what the engine is told.
        }

        public void Ask(AgentCommand command, Action<EngineReply> then)
        {
            Newest = Math.Max(Newest, Reply.TipSequence);
            then(Reply);
        }

        public IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes) =>
            [.. Enumerable.Range(0, limit).Select(i => new StoredFact(producer, fromSequence + i, new byte[OpHash.Size], [1])).Where(fact => fact.Sequence <= Newest)];

        public long Newest { get; set; }

        public void Wake() => Wakes++;

        public void End(string reason, bool again = false) => Assert.Fail(reason);

        public void Note(string text, bool isTrouble) => Assert.False(isTrouble, text);
    }
}
