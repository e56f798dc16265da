using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Agent.Sync;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.Testing;

namespace SyncHub.Simulator;

/// <summary>One store's machine: the product's engine and session over a simulated disk and guard.</summary>
internal sealed class SimAgent : ISessionShell
{
    private readonly World _world;
    private readonly Queue<(AgentCommand Command, Action<EngineReply>? Then)> _waiting = new();
    private Dice _dice = new(0);
    private JournalImage? _unsynced;
    private long _startedAtMs;

    public SimAgent(World world, int number, StoreId store, Incarnation life, SimulatedJournal journal, SimGuard guard)
    {
        _world = world;
        Number = number;
        Store = store;
        Enrolled = new Holder(store, life);
        Journal = journal;
        Guard = guard;
        Engine = Open();
    }

    /// <summary>Names the machine in traces; clones have numbers of their own.</summary>
    public int Number { get; }

    public StoreId Store { get; }

    public Holder Enrolled { get; }

    public SimulatedJournal Journal { get; private set; }

    public SimGuard Guard { get; }

    public AgentEngine Engine { get; private set; }

    public bool IsUp { get; private set; } = true;

    public long ClockSkewMs { get; set; }

    public bool IsClone { get; init; }

    /// <summary>The day so far, as the god's eye counts it on this disk.</summary>
    public DayTally Day { get; private set; } = new();

    /// <summary>The day that the newest close on this disk ended.</summary>
    public DayTally ClosedDay { get; private set; } = new();

    /// <summary>Whether it knows an older form of the protocol only.</summary>
    public bool IsOld { get; init; }

    /// <summary>Whether it knows a newer form of the protocol than the hub.</summary>
    public bool IsNew { get; init; }

    /// <summary>What its clock shows as long as it stands; null where it goes.</summary>
    public long? DeadClockMs { get; set; }

    public Pipe? Pipe { get; set; }

    public bool WantsConnection { get; private set; }

    /// <summary>Copies of the disk that may be restored later.</summary>
    public List<(JournalImage Image, GuardRecord? Guard)> Backups { get; } = [];

    /// <summary>Counts up when another disk is put in.</summary>
    public int Disk { get; private set; }

    /// <summary>When it heard its hub last, by true time; null where this process has not.</summary>
    public long? HeardAtMs { get; private set; }

    /// <summary>Whether the till call at hand was made while there was a hub.</summary>
    public bool CallsOnline { get; private set; }

    /// <summary>Whether its spending is bound to hearing its hub.</summary>
    public bool HasLease => _world.Active.HasFlag(Fault.Lease);

    /// <summary>How long ago something was, by true time.</summary>
    public long Elapsed(long sinceMs) => _world.TrueMs - sinceMs;

    /// <summary>Receipts that wait here for headquarters.</summary>
    public long ReceiptsWaiting => Journal.CountDocuments("handin");

    public long ElapsedMs => _world.Active.HasFlag(Fault.Lease) ? _world.TrueMs - _startedAtMs : 0;

    public bool HasWork => _waiting.Count > 0;

    public long NowMs => DeadClockMs ?? Math.Max(0, _world.Clock.NowMs + ClockSkewMs);

    public HubSession? Session => Pipe is { AgentEnded: false } pipe ? pipe.Session : null;

    public bool IsOnline => Session is { IsLive: true };

    public Holder Holder => Engine.Holder;

    public bool IsLocked => Engine.LockReason.Length > 0;

    /// <summary>Gives the randomness of a step.</summary>
    public void Use(Dice dice) => _dice = dice;

    public byte[] Entropy(int bytes) => _dice.Bytes(bytes);

    /// <summary>One turn of the engine, as the agent's loop makes it. Null where the machine died in it, or the disk refused.</summary>
    public EngineReply? Ask(AgentCommand command)
    {
        JournalBatch batch;
        try
        {
            batch = Engine.Decide([command]);
        }
        catch (JournalException fault)
        {
            return Engine.Failed(fault)[0];
        }
        catch (InvalidOperationException fault)
        {
            throw new Violation("I1", $"agent {Number}: {fault.Message}");
        }

        if (batch.IsEmpty)
        {
            HeardAtMs = command is HubHeard ? _world.TrueMs : HeardAtMs;
            return Engine.Committed()[0];
        }

        var commit = Journal.CommitAsync(batch);
        if (_world.CrashesNow(_dice, this, out var before))
        {
            if (!before)
            {
                Journal.FlushWithoutAnswers();
            }

            Crash();
            if (batch.Facts.Count > 0 && Journal.ReadFacts(batch.Facts[^1].Producer, batch.Facts[^1].Sequence, 1, int.MaxValue).Count > 0)
            {
                _world.OnWritten(this, batch);
                _world.Oracle.OnUnanswered(batch);
            }

            return null;
        }

        if (Switches.IsOff(Mechanism.FullSync) && _dice.Chance(40))
        {
            _unsynced ??= Copy();
        }

        Journal.Flush();
        if (commit.IsFaulted)
        {
            var fault = commit.Exception!.InnerException;
            if (fault is not JournalException refused)
            {
                throw new Violation("I19", $"agent {Number}: {fault}");
            }

            var reply = Engine.Failed(refused)[0];
            if (Session is { } session && Engine.LostConnection >= session.Number)
            {
                Pipe!.EndByAgent(); // news were lost: the hub sends them again on the next connection
            }

            if (refused is JournalUnavailableException { Fault: JournalFault.InputOutput or JournalFault.Corrupt or JournalFault.Closed })
            {
                Crash();
                Restart(); // the agent's loop opens the file anew
            }

            return reply;
        }

        HeardAtMs = command is HubHeard ? _world.TrueMs : HeardAtMs;
        _world.OnWritten(this, batch);
        var replies = Engine.Committed();
        Session?.OnLogged(Engine.TipSequence);
        return replies[0];
    }

    public T? Call<T>(IMessage request, IReadOnlyList<HubNews>? news = null)
        where T : class, IMessage => CallReply(request, news)?.Answer as T;

    public EngineReply? CallReply(IMessage request, IReadOnlyList<HubNews>? news = null, bool mayUseCredit = false)
    {
        if (!IsUp)
        {
            return null;
        }

        CallsOnline = IsOnline;
        var call = new TillCall(NowMs, request, IsOnline) { News = news ?? [], Entropy = Entropy(10), ElapsedMs = ElapsedMs };
        return Ask(mayUseCredit ? call with { MayUseCredit = true } : call);
    }

    /// <summary>The process dies: what was not written is gone.</summary>
    public void Crash()
    {
        _world.Trace($"    agent {Number} crashes");
        Pipe?.EndByAgent();
        _waiting.Clear();
        IsUp = false;
        Journal = Journal.Crash();
        if (_unsynced is { } image)
        {
            Disk++;
            Day = _world.DayOn(image);
            Journal = SimulatedJournal.Open(image); // without fsync the newest commits are gone
            _unsynced = null;
            _world.Oracle.MayLose();
        }
    }

    public void Restart()
    {
        IsUp = true;
        HeardAtMs = null;
        _startedAtMs = _world.TrueMs;
        Engine = Open();
    }

    /// <summary>An older copy of the disk is put back; the guard stays, or goes back too.</summary>
    public void RollBack(JournalImage image, GuardRecord? guard, bool withGuard)
    {
        Crash();
        Day = _world.DayOn(image);
        Journal = SimulatedJournal.Open(image);
        Disk++;
        if (withGuard)
        {
            Guard.Record = guard;
        }
    }

    public JournalImage Copy()
    {
        var image = Journal.Copy();
        _world.KeepDay(image, Day);
        return image;
    }

    /// <summary>Counts an op that the disk has now.</summary>
    public void CountDay(Op op, Func<OpId, IReadOnlyList<Op>> find)
    {
        if (op.Type == OpType.CloseDay)
        {
            (ClosedDay, Day) = (Day, new DayTally());
        }
        else
        {
            Day.Count(op, find);
        }
    }

    /// <summary>Another machine goes on with this one's disk.</summary>
    public void TakeDay(DayTally day) => Day = day.Copy();

    /// <summary>Opens a stream.</summary>
    public void Connect(SimHub hub, int number)
    {
        WantsConnection = false;
        Pipe?.EndByAgent();
        while (Work())
        {
            // What the last connection had told the engine comes before what the next one asks, as in the agent's queue.
        }

        // The machine may have died over that work: a dead one opens no stream, and hears nothing on it.
        if (!IsUp || Ask(new DescribeSelf(NowMs, Entropy(16)))?.Self is not { } self)
        {
            return;
        }

        var pipe = new Pipe(_world, this, hub, ByteString.CopyFrom(_dice.Bytes(16)), number);
        pipe.Session = new HubSession(number, pipe.Nonce, self, this, pipe.Key);
        Pipe = pipe;
        _world.Pipes.Add(pipe);
        pipe.ToHub.Add(OnWire(pipe.Session.Hello(self.PolicyVersion, Cell.Only)));
        _world.Trace($"    agent {Number} says Hello on pipe {number}: life {self.Holder.Incarnation}, tip {self.TipSequence}, token {self.Token}{(self.LockReason.Length > 0 ? ", locked" : "")}");
    }

    /// <summary>The engine does the next thing that the session asked of it.</summary>
    public bool Work()
    {
        if (!IsUp || !_waiting.TryDequeue(out var next))
        {
            return false;
        }

        var session = Session;
        if (Ask(next.Command) is { } reply && next.Then is { } then && Session == session && session is not null)
        {
            then(reply);
        }

        return true;
    }

    /// <summary>Hands frames that are ready to the stream.</summary>
    public int Pump(int most)
    {
        var sent = 0;
        while (IsUp && sent < most && Session?.NextFrame() is { } frame)
        {
            Pipe!.Ears.OnSaid(frame);
            Pipe.ToHub.Add(OnWire(frame));
            _world.FramesSent++;
            sent++;
        }

        return sent;
    }

    public void Tell(AgentCommand command) => _waiting.Enqueue((command, null));

    public void Ask(AgentCommand command, Action<EngineReply> then)
    {
        // A wish for a new life needs randomness; everything else comes as it is.
        _waiting.Enqueue((command, then));
    }

    public IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes) => Journal.ReadFacts(producer, fromSequence, limit, maxBytes);

    public void Wake()
    {
    }

    public void End(string reason, bool again = false)
    {
        _world.Trace($"    agent {Number} leaves: {reason}");
        Pipe?.EndByAgent();
        WantsConnection |= again;
    }

    public void Note(string text, bool isTrouble) => _world.Trace($"    agent {Number}: {text}");

    /// <summary>A newer version ran here for a while and logged what this one does not know; then it was taken back.</summary>
    public void LogUnheardOf(MemberId member)
    {
        Pipe?.EndByAgent();
        _waiting.Clear();
        var id = new OpId(Engine.Holder, Engine.TipSequence + 1);
        var op = new Op { Id = id, Type = (OpType)99, Member = member, OccurredAtMs = NowMs, Note = "of a newer version" };
        var bytes = OpCodec.Encode(op);
        var newest = Journal.ReadNewestFacts(new ProducerId(Store.Value, Engine.Holder.Incarnation.Value), 1);
        var hash = (newest.Count == 0 ? OpHash.Genesis : OpHash.FromBytes(newest[0].Hash)).Next(bytes);
        var batch = new JournalBatch();
        batch.Facts.Add(new NewFact(new ProducerId(Store.Value, Engine.Holder.Incarnation.Value), id.Sequence, hash.ToBytes(), bytes));
        var commit = Journal.CommitAsync(batch);
        Journal.Flush();
        if (commit.IsCompletedSuccessfully)
        {
            _world.OnWritten(this, batch);
        }

        Journal = Journal.IsClosed ? Journal.Crash() : Journal;
        Restart();
    }

    private V1.AgentFrame OnWire(V1.AgentFrame frame) => IsOld ? Versions.Old(frame) : IsNew ? Versions.New(frame) : frame;

    private AgentEngine Open()
    {
        if (Journal.ReadDocument(AgentIdentity.Collection, AgentIdentity.Key) is null)
        {
            var batch = new JournalBatch();
            batch.Documents.Add(new DocumentWrite(AgentIdentity.Collection, AgentIdentity.Key, AgentIdentity.Encode(Enrolled, $"Store {Store}")));
            var commit = Journal.CommitAsync(batch);
            Journal.Flush();
            commit.GetAwaiter().GetResult();
        }

        var engine = new AgentEngine(Journal, Enrolled, $"Store {Store}", Guard, cacheSize: 3) { ReadRules = SimRules.Read };
        engine.Load();
        return engine;
    }
}
