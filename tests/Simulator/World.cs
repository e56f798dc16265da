using System.Runtime.CompilerServices;
using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Core.Primitives;
using SyncHub.Core.Rules;
using SyncHub.Hub.Stores;
using SyncHub.Hub.Sync;
using SyncHub.Storage;
using SyncHub.Testing;

namespace SyncHub.Simulator;

/// <summary>One run: hubs, stores and members on virtual time, one random thing after the other.</summary>
internal sealed partial class World
{
    private const int Stores = 3;
    private const int Members = 2;

    // About three ops: stores in a run rarely have more than ten to send.
    private const int NarrowWindowBytes = 500;
    private readonly List<SimHub> _zombies = [];
    private readonly List<(JournalImage Image, long Facts)> _hubBackups = [];
    private readonly ConditionalWeakTable<JournalImage, DayTally> _days = [];
    private readonly RulesetInForce _rules;
    private readonly Action<Dice, SimAgent>[] _customs;
    private readonly List<MemberId> _members = [];
    private readonly Action<string>? _trace;
    private bool _isSafetyPhase = true;
    private int _pipes;
    private int _requests;
    private int _lateFrames;
    private ulong _hash = 14695981039346656037UL;

    public World(long seed, Fault faults, Action<string>? trace = null, Fault without = Fault.None)
    {
        Seed = seed;
        Faults = faults;
        _trace = trace;
        Log = new SimLog(this);
        _rules = SimRules.Of(seed, faults);
        var dice = Dice.Of(seed, -1);
        // Swarm: each seed draws which faults of its set are on, so that rare ones are not always drowned by common ones.
        foreach (var fault in Enum.GetValues<Fault>().Where(fault => fault != Fault.None && faults.HasFlag(fault)))
        {
            if (dice.Chance(faults.HasFlag(Fault.Tills) ? 75 : 85))
            {
                Active |= fault;
            }
        }

        Active &= ~without;
        Hub = new SimHub(this, new SimulatedJournal(), _rules);
        for (var number = 1; number <= Stores; number++)
        {
            var (_, code) = Hub.Stores.Create(new StoreId(number), $"Store {number}");
            var store = Hub.Stores.Enrol(code)!;
            var version = Active.HasFlag(Fault.Versions) ? Dice.Of(seed, -3 - number).Below(3) : 0;
            Agents.Add(new SimAgent(this, number, store.Id, store.Incarnation, new SimulatedJournal(), new SimGuard((ulong)number)) { IsOld = version == 1, IsNew = version == 2 });
        }

        Hub.Pipeline.Submit(new JournalBatch(), null, static () => { });
        Hub.Flush(int.MaxValue);
        Oracle = new Oracle(this);
        _customs = [.. Customs()];
        Begin(dice);
    }

    public long Seed { get; }

    public Fault Faults { get; }

    public Fault Active { get; }

    public SimClock Clock { get; } = new();

    public long VirtualMs { get; set; }

    public SimLog Log { get; }

    public SimHub Hub { get; private set; }

    public List<SimAgent> Agents { get; } = [];

    public List<Pipe> Pipes { get; } = [];

    public Oracle Oracle { get; } = null!;

    public IReadOnlyList<MemberId> MemberIds => _members;

    public long FramesSent { get; set; }

    /// <summary>The chain's rules.</summary>
    public Ruleset Rules => _rules.Rules;

    public int Step { get; private set; }

    public bool Tracing => _trace is not null;

    public ulong TraceHash => _hash;

    public SortedDictionary<string, long> Counts { get; } = new(StringComparer.Ordinal);

    public void Trace([System.Runtime.CompilerServices.InterpolatedStringHandlerArgument("")] ref TraceText text)
    {
        if (_trace is not null)
        {
            _trace(text.ToStringAndClear());
        }
    }

    public void Count(string what) => Counts[what] = Counts.GetValueOrDefault(what) + 1;

    /// <summary>One of the product's own catches held something: an invariant broke.</summary>
    public static void OnCaught(Exception fault, string text)
    {
        if (fault is Violation)
        {
            throw fault; // what the simulator itself found while the product was at work
        }

        if (fault is JournalException or ProgramDefect)
        {
            return; // a commit that failed: that hub stops; a defect that the simulator put there
        }

        throw new Violation("I2", $"{text} {fault}");
    }

    public void OnWritten(SimAgent agent, JournalBatch batch) => Oracle.OnWritten(agent, batch);

    /// <summary>What the day was on a disk of which a copy was made.</summary>
    public DayTally DayOn(JournalImage image) => _days.TryGetValue(image, out var day) ? day.Copy() : throw new InvalidOperationException("Nobody kept the day of this copy.");

    /// <summary>Keeps the day of a disk with the copy of it.</summary>
    public void KeepDay(JournalImage image, DayTally day) => _days.Add(image, day.Copy());

    /// <summary>Whether an op is on any disk, on a copy of one, or on its way.</summary>
    public bool IsAnywhere(OpHash hash)
    {
        var copies = Agents.SelectMany(static agent => agent.Backups).Select(static backup => backup.Image).Concat(_hubBackups.Select(static backup => backup.Image)).Select(static image => SimulatedJournal.Open(image));
        var envelopes = Pipes.SelectMany(static pipe => pipe.ToHub).SelectMany(static frame => frame.OpBatch?.Envelopes.AsEnumerable() ?? frame.Facts?.Envelopes ?? []);
        return Agents.Select(static agent => agent.Journal).Append(Hub.Journal).Concat(_zombies.Select(static zombie => zombie.Journal)).Concat(copies).Any(journal => !journal.IsClosed && journal.HasFact(hash.ToBytes()))
            || envelopes.Any(envelope => Oracle.IsEnvelopeOf(envelope.Span, hash));
    }

    /// <summary>Whether a machine dies in the turn at hand, before or after the disk has it.</summary>
    public bool CrashesNow(Dice dice, SimAgent agent, out bool before)
    {
        before = false;
        if (!_isSafetyPhase || !Active.HasFlag(Fault.Crash) || dice.Below(250) != 0)
        {
            return false;
        }

        before = dice.Chance(50);
        Count("agent crashes in a commit");
        return true;
    }

    /// <summary>Does step number <paramref name="step"/>, and checks every invariant.</summary>
    public void Do(int step)
    {
        Step = step;
        var dice = Dice.Of(Seed, step);
        var agent = dice.Pick(Agents);
        agent.Use(dice);
        VirtualMs += dice.Below(40);
        var passed = dice.Below(60_000);
        Clock.NowMs += passed;
        TrueMs += passed;
        int action;
        try
        {
            LetPeopleAct(agent);
            action = Act(dice, agent);
        }
        catch (JournalException) when (Hub.Journal.IsClosed)
        {
            // Somebody read from a disk that has failed: a stream or a timer of the hub ends, and the hub with it.
            action = 99;
            RestartHub("its disk failed");
        }

        _hash = (_hash ^ (ulong)action ^ ((ulong)FramesSent << 8) ^ ((ulong)Oracle.Written << 32)) * 1099511628211UL;
        if (Hub.HasFailed || _zombies.Exists(static zombie => zombie.HasLostItsDisk))
        {
            RestartHub("its commit failed");
        }

        foreach (var zombie in _zombies)
        {
            zombie.Release();
            zombie.IsUp = !zombie.HasFailed;
        }

        if (_zombies.Exists(static zombie => zombie.HasLostItsDisk))
        {
            RestartHub("the disk failed under two hubs");
        }

        _zombies.RemoveAll(static zombie => zombie.HasFailed);
        Oracle.Check();
    }

    /// <summary>Everything comes back, nothing goes wrong any more: then nothing may be missing.</summary>
    public void Heal()
    {
        Trace($"{Step} === heal");
        _isSafetyPhase = false;
        EndZombies();
        foreach (var pipe in Pipes)
        {
            pipe.EndByAgent();
            pipe.End();
        }

        Pipes.Clear();
        RestartHub("heal");
        Settle();
        foreach (var member in _members)
        {
            Tell(member, new Core.Members.SweepWanted(new object()));
        }

        Drain(400);
        Oracle.CheckFinal();
    }

    public bool HasQuarantined { get; private set; }

    private void Begin(Dice dice)
    {
        _isSafetyPhase = false; // the start is not part of the run: everybody meets the hub once
        foreach (var _ in Enumerable.Range(0, Members))
        {
            var agent = Agents[0];
            agent.Use(dice);
            var id = agent.Call<V1.IdentifyAnswer>(new V1.RegisterRequest { RequestId = NextRequest(), Name = "Member", Phone = $"1380000{_members.Count:0000}" })!.Member.MemberId;
            _members.Add(MemberId.TryParse(id, out var parsed) ? parsed : throw new Violation("I11", "a registration gave no member"));
            agent.Call<V1.OpAnswer>(new V1.TopUpRequest { RequestId = NextRequest(), MemberId = id, AmountMinor = 10_000 });
        }

        foreach (var one in Agents)
        {
            one.Use(dice);
            Connect(one, Hub);
        }

        Drain(500);
        foreach (var one in Agents)
        {
            foreach (var member in _members)
            {
                one.Session?.Ask(number => new V1.AgentFrame { Identify = new V1.IdentifyRequest { Nonce = one.Pipe!.Nonce, Request = number, Member = ByteString.CopyFrom(member.ToBytes()) } }, news => Learn(one, news));
            }
        }

        Drain(500);
        _isSafetyPhase = true;
    }

    private static void Learn(SimAgent agent, HubNews? news)
    {
        if (news is not null)
        {
            agent.Tell(new NewsArrived(agent.NowMs, news, agent.Session?.Number ?? 0));
        }
    }

    private string NextRequest() => $"r{++_requests}";

    private void Connect(SimAgent agent, SimHub hub) => agent.Connect(hub, ++_pipes);

    /// <summary>Delivers, decides and writes until nothing is under way.</summary>
    private void Drain(int most)
    {
        for (var round = 0; round < most; round++)
        {
            var any = false;
            foreach (var pipe in Pipes.ToArray())
            {
                any |= DeliverToHub(pipe, 0) || DeliverToAgent(pipe, 0);
            }

            foreach (var agent in Agents)
            {
                any |= agent.Work() | agent.Pump(10) > 0;
            }

            any |= HubWorks(Hub);
            Oracle.Check();
            any |= Hub.RunLater(force: !any);
            if (!any)
            {
                return;
            }
        }
    }

    private static bool HubWorks(SimHub hub)
    {
        var any = false;
        for (var partition = 0; partition < SimHub.PartitionCount; partition++)
        {
            any |= Decide(hub, partition, 50);
        }

        return hub.Flush(int.MaxValue) || any;
    }

    private static bool Decide(SimHub hub, int partition, int most) => hub.Decide(partition, most);

    private void Settle()
    {
        for (var round = 0; round < 60; round++)
        {
            var dice = Dice.Of(Seed, 1_000_000 + round);
            foreach (var agent in Agents)
            {
                agent.Use(dice);
                if (!agent.IsUp)
                {
                    agent.Restart();
                }

                if (agent.Session is null || agent.Pipe!.HubEnded)
                {
                    Connect(agent, Hub);
                }

                agent.Session?.Beat();
                SayFollows(agent);
                Drain(400);
                for (var again = 0; again < 3 && agent is { IsUp: true, WantsConnection: true }; again++)
                {
                    Connect(agent, Hub); // at once, as the agent's loop does it; else copies on one machine take turns in ending each other's lives
                    Drain(400);
                }

                Hub.Flush(int.MaxValue);
                Beat();
            }

            Drain(400);
            if (Hub.HasFailed)
            {
                RestartHub("its commit failed in the heal phase");
                continue;
            }

            if (IsSettled(out _))
            {
                return;
            }
        }

        IsSettled(out var why);
        throw new Violation("I12", $"no convergence after heal: {why}");
    }

    private void Beat()
    {
        foreach (var pipe in Pipes.Where(pipe => pipe is { Link: not null, HubEnded: false }))
        {
            pipe.Link!.Beat(pipe);
        }
    }

    private bool IsSettled(out string why)
    {
        why = Hub.Stores.IsReconciling ? "the hub still hears stores out" : Hub.HasWork ? "the hub still works" : "";
        foreach (var agent in Agents)
        {
            var isQuarantined = agent.IsLocked && Hub.Parts.Links.Find(agent.Store) is { Quarantine.Length: > 0 };
            HasQuarantined |= isQuarantined;
            if (agent.HasWork)
            {
                why += $" agent {agent.Number} still works;";
            }

            if (agent.IsLocked && Agents.Exists(other => other.Store == agent.Store && !other.IsLocked))
            {
                why += agent.Session is null ? $" agent {agent.Number}, of whose store another machine lives, is not connected;" : "";
            }
            else if (isQuarantined && Active.HasFlag(Fault.Clone))
            {
                why += agent.Session is null ? $" agent {agent.Number} in quarantine is not connected;" : "";
            }
            else if (agent.IsLocked)
            {
                why += $" agent {agent.Number} is locked: {agent.Engine.LockReason};";
            }
            else if (!agent.IsOnline)
            {
                why += $" agent {agent.Number} is neither locked nor connected;"; // a disk that was full when it had to lock itself
            }
            else if (agent.Engine.CommittedSequence < agent.Engine.TipSequence)
            {
                why += $" agent {agent.Number} has {agent.Engine.TipSequence} ops, confirmed {agent.Engine.CommittedSequence};";
            }

            if (Faults.HasFlag(Fault.Away) && agent is { IsOnline: true, IsLocked: false, IsOld: false, Engine.HasFollowsToSay: true })
            {
                why += $" agent {agent.Number} has not said yet whom it follows;";
            }

            if (agent.IsOnline && agent.ReceiptsWaiting > 0)
            {
                why += $" agent {agent.Number} still has {agent.ReceiptsWaiting} receipts to hand in;";
            }

            if (!isQuarantined && agent.Engine.OpenDeadLogs.Any())
            {
                why += $" agent {agent.Number} still has a dead log to send;";
            }
        }

        return why.Length == 0;
    }

    private void RestartHub(string why)
    {
        Trace($"    hub restarts: {why}");
        foreach (var pipe in Pipes.Where(pipe => pipe.Hub == Hub))
        {
            pipe.End();
        }

        Hub.IsUp = false;
        if (Hub.Journal.IsClosed || Hub.HasLostItsDisk || _zombies.Exists(static zombie => zombie.HasLostItsDisk))
        {
            EndZombies(); // the disk itself failed: every process over it is gone
        }

        // A second hub over the same journal goes on: what waits there is the database's, not the dead process's.
        var journal = _zombies.Count == 0 ? Hub.Journal.Crash() : Hub.Journal;

        Hub = new SimHub(this, journal, _rules);
        Hub.Flush(int.MaxValue);
        Oracle.IsDirty = true;
    }

    private bool DeliverToHub(Pipe pipe, int index, bool keep = false)
    {
        if (pipe.ToHub.Count <= index)
        {
            if (pipe.AgentEnded && pipe.ToHub.Count == 0 && pipe is { Link: { } gone, HubEnded: false })
            {
                pipe.End();
                if (pipe.Hub.IsUp)
                {
                    gone.OnEnded(pipe);
                }

                return true;
            }

            return false;
        }

        var frame = pipe.ToHub[index];
        if (!keep)
        {
            pipe.ToHub.RemoveAt(index);
        }

        if (!pipe.Hub.IsUp)
        {
            return true;
        }

        if (pipe.Link is null)
        {
            if (frame.Hello is null || AgentFrames.ReadHello(frame.Hello) is not { } hello)
            {
                return true; // out of order before the Hello: a stream would not do that, the hub closes it
            }

            pipe.Link = pipe.Hub.Parts.Links.GetOrAdd(hello.Holder.Store, id => new StoreLink(id, pipe.Hub.Parts));
            pipe.Ears.OnHello(frame.Hello);
            pipe.Link.OnHello(hello, AgentFrames.LogsToCome(frame.Hello, pipe.Hub.Parts.Stores.Term), pipe);
            Oracle.IsDirty = true;
            return true;
        }

        if (frame.Facts is { } facts)
        {
            Trace($"    facts of life {new Incarnation(facts.Incarnation)}: {facts.Envelopes.Count} from {facts.FirstSequence} on pipe {pipe.Number}");
        }

        // The reader of a stream that the hub has just ended may have had this frame in its hands.
        var isLate = pipe.HubEnded && Faults.HasFlag(Fault.Tills) && ++_lateFrames % 3 == 0;
        var waiting = pipe.Hub.WaitingMessages;
        var speaks = pipe.Ears.Speaks; // a batch that ends in a fork is heard up to there, and ends the stream
        if ((!pipe.HubEnded || isLate) && AgentFrames.Handle(pipe.Link, pipe, frame, pipe.Hub.Parts) is { } fault)
        {
            Trace($"    hub ends pipe {pipe.Number}: {fault}");
            pipe.End();
            pipe.Link.OnEnded(pipe);
        }

        pipe.Ears.OnHandled(frame, pipe.Hub.WaitingMessages > waiting, speaks);
        return true;
    }

    private bool DeliverToAgent(Pipe pipe, int index, bool keep = false)
    {
        if (pipe.ToAgent.Count <= index)
        {
            if (pipe is { HubEnded: true, AgentEnded: false } && pipe.ToAgent.Count == 0)
            {
                pipe.EndByAgent();
                return true;
            }

            return false;
        }

        var frame = pipe.Agent.IsOld ? Versions.Old(pipe.ToAgent[index]) : pipe.ToAgent[index];
        if (!keep)
        {
            pipe.ToAgent.RemoveAt(index);
        }

        if (pipe is { AgentEnded: false, Agent.IsUp: true })
        {
            if (frame.FactsAck is { } ack)
            {
                pipe.Agent.Note($"facts of life {new Incarnation(ack.Incarnation)} confirmed up to {ack.Sequence}", isTrouble: false);
            }

            if (frame.Welcome is not null && Active.HasFlag(Fault.Narrow))
            {
                frame = frame.Clone();
                frame.Welcome.MaxUnackedBytes = NarrowWindowBytes;
            }

            pipe.Ears.OnDelivered(frame);
            Simulator.Oracle.OnDelivered(pipe, frame);
            pipe.Session!.OnFrame(frame);
        }

        return true;
    }
}
