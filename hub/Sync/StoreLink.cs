using Google.Protobuf;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Cases;
using SyncHub.Core.Identity;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Hub.Cases;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Stores;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.V1;
using Hello = SyncHub.Core.Protocol.Hello;
using LifeStatus = SyncHub.Core.Identity.LifeStatus;
using OpId = SyncHub.Core.Primitives.OpId;
using Quarantined = SyncHub.Core.Identity.Quarantined;
using Reincarnated = SyncHub.Core.Identity.Reincarnated;
using Stale = SyncHub.Core.Identity.Stale;

namespace SyncHub.Hub.Sync;

/// <summary>The hub's end of one store: who may speak for it, its op chains over many connections, and the connection of the moment.</summary>
/// <remarks>Thread-safe: the streams' readers, the commit pipeline and the partitions all call it. It waits for nothing.</remarks>
internal sealed class StoreLink(StoreId store, HubParts parts)
{
    /// <summary>How many op bytes an agent may have under way. At 200 bytes an op about 5,000 ops: two full commits.</summary>
    public const int WindowBytes = 1024 * 1024;

    /// <summary>How long a living stream may take to answer that it is still there, milliseconds.</summary>
    public const int ChallengeMs = 2000;

    private readonly Lock _gate = new();
    private readonly StoreChains _chains = new(store, parts);
    private readonly Reconciliation _reconciliation = new(store, parts);
    private readonly HashSet<IStoreConnection> _quarantined = [];

    // Ops of a life's own stream that a branch brought before and that are not durable there yet; and ops that came on receipts.
    private readonly Dictionary<(Incarnation Branch, long Sequence), (IncomingOp Op, OpId Place)> _heldForBranch = [];
    private readonly Dictionary<(Incarnation Chain, long Sequence), Incarnation> _fromReceipts = [];
    private IStoreConnection? _connection;
    private Challenger? _challenger;
    private PendingFacts? _pendingFacts;
    private MemberWalk? _catchUp;
    private bool _catchingUp;
    private long _token;
    private long _hellos;
    private long _sinceMs = parts.Time.GetUtcNow().ToUnixTimeMilliseconds();
    private AgentHeartbeat _heartbeat = new();
    private long _hubClockAtHeartbeat;
    private string _quarantine = "";

    /// <summary>Which store.</summary>
    public StoreId Store { get; } = store;

    /// <summary>The life of the newest good Hello.</summary>
    public Holder Holder { get; private set; } = parts.Stores.Find(store)!.Holder;

    /// <summary>Whether a welcomed connection is up.</summary>
    public bool IsOnline => Volatile.Read(ref _connection) is not null;

    /// <summary>Online or offline since, Unix milliseconds.</summary>
    public long SinceMs => Interlocked.Read(ref _sinceMs);

    /// <summary>What the agent last said of itself.</summary>
    public AgentHeartbeat Heartbeat => Volatile.Read(ref _heartbeat);

    /// <summary>The agent's clock less the hub's at the last heartbeat, milliseconds.</summary>
    public long ClockSkewMs => Heartbeat.WallClockMs == 0 ? 0 : Heartbeat.WallClockMs - Interlocked.Read(ref _hubClockAtHeartbeat);

    /// <summary>Why a machine that calls itself this store has to wait; empty where none does.</summary>
    public string Quarantine => Volatile.Read(ref _quarantine);

    /// <summary>The committed watermark of the living chain.</summary>
    public long CommittedSequence
    {
        get
        {
            lock (_gate)
            {
                return _chains.Find(Holder.Incarnation)?.CommittedSequence ?? 0;
            }
        }
    }

    /// <summary>Judges a Hello; the answer goes out on its connection once what was decided is durable.</summary>
    public void OnHello(Hello hello, IReadOnlyList<DeadLog> deadLogs, IStoreConnection connection)
    {
        lock (_gate)
        {
            Judge(new Challenger(++_hellos, hello, deadLogs, connection));
        }
    }

    /// <summary>A connection has ended.</summary>
    public void OnEnded(IStoreConnection connection)
    {
        lock (_gate)
        {
            _quarantined.Remove(connection);
            if (_connection == connection)
            {
                GoOffline();
                if (_challenger is { } next)
                {
                    Judge(next); // nobody is there to answer the challenge
                }
            }

            if (_challenger?.Connection == connection)
            {
                _challenger = null;
            }
        }
    }

    /// <summary>Takes a batch of ops: checks it and hands the new ones to their members' grains.</summary>
    /// <returns>Null, or why the connection must end.</returns>
    public string? OnBatch(OpBatch batch, IStoreConnection connection)
    {
        lock (_gate)
        {
            if (_connection != connection && !Switches.IsOff(Mechanism.StreamFencing))
            {
                return null; // fenced: another stream speaks for this store
            }

            if (batch.Incarnation != Holder.Incarnation.Value || batch.PreviousHash.Length is not (0 or OpHash.Size))
            {
                return "The batch is of another incarnation, or its hash has a wrong length.";
            }

            Confirm();
            var chains = _chains.Of(Holder.Incarnation);
            var verdict = chains.Main.OnBatch(batch.FirstSequence, OpHash.FromBytes(batch.PreviousHash.Span), [.. batch.Envelopes.Select(envelope => envelope.Memory)]);
            // Handed on under the lock: the order of ops of one store for one member is the order of its log.
            foreach (var op in verdict.Ops)
            {
                if (chains.FindInBranches(op.Sequence, op.Hash) is not { } branch)
                {
                    OpIntake.HandOn(op, new OpId(Holder, op.Sequence), Holder, this, parts);
                }
                else if (branch.IsDurable(op.Sequence))
                {
                    OpIntake.KeepKnown(op, new OpId(Holder, op.Sequence), this, parts);
                }
                else
                {
                    _heldForBranch[(branch.Holder.Incarnation, op.Sequence)] = (op, new OpId(Holder, op.Sequence)); // else a crash could keep it here and lose it there
                }
            }

            if (verdict is { Fault: { } fault, IsFork: true })
            {
                EndForked(fault);
            }

            return verdict.Fault;
        }
    }

    /// <summary>Takes the log of a life that is over, or of a machine in quarantine.</summary>
    public void OnFacts(Facts facts, IStoreConnection connection)
    {
        lock (_gate)
        {
            var life = new Incarnation(facts.Incarnation);
            if (parts.Stores.Find(Store)!.Lives.Find(life) is not { Status: not LifeStatus.Branch } || facts.PreviousHash.Length is not (0 or OpHash.Size) || facts.FirstSequence < 1)
            {
                return;
            }

            var intake = _chains.Of(life);
            var branches = intake.Branches.Count;
            var (fresh, places) = intake.Take(facts.FirstSequence, OpHash.FromBytes(facts.PreviousHash.Span), [.. facts.Envelopes.Select(envelope => envelope.Memory)]);
            foreach (var (chain, op) in fresh)
            {
                OpIntake.HandOn(op, new OpId(chain.Holder, op.Sequence), new Holder(Store, life), this, parts);
            }

            if (intake.Branches.Count > branches)
            {
                OpenForkCase(life, $"Two histories were written under life {life} of store {Store}; the one that came second is kept as a branch from op {fresh[0].Op.Sequence} on.");
            }

            _pendingFacts = new PendingFacts(life, facts.FirstSequence + places.Count - 1, facts.IsLast, places, connection);
            AcknowledgeFacts();
        }
    }

    /// <summary>Takes an op of a receipt into the log of a life that was given up. Where ops are missing before it, it stands in a branch of its own.</summary>
    /// <returns>Whether it was new.</returns>
    public bool OnReceipt(OpId id, OpHash previous, ReadOnlyMemory<byte> envelope)
    {
        lock (_gate)
        {
            var (fresh, _) = _chains.Of(id.Holder.Incarnation).Take(id.Sequence, previous, [envelope]);
            foreach (var (chain, op) in fresh)
            {
                _fromReceipts[(chain.Holder.Incarnation, op.Sequence)] = id.Holder.Incarnation;
                OpIntake.HandOn(op, new OpId(chain.Holder, op.Sequence), id.Holder, this, parts);
            }

            return fresh.Count > 0;
        }
    }

    /// <summary>A store reports what it holds, for a hub that may have forgotten grants.</summary>
    public void OnLineReport(LineReport report, IStoreConnection connection)
    {
        lock (_gate)
        {
            if (_connection == connection)
            {
                _reconciliation.OnReport(report, Holder, OnReportTaken);
                EndReconciliation();
            }
        }
    }

    /// <summary>Whoever answers a challenge is still there: the other one is a copy.</summary>
    public void OnChallengeReply(ChallengeReply reply, IStoreConnection connection)
    {
        lock (_gate)
        {
            if (_connection == connection && _challenger is { } copy && copy.Number == reply.Id)
            {
                _challenger = null;
                Answer(copy, HelloJudge.Clone(parts.Stores.Find(Store)!.Lives, copy.Hello));
            }
        }
    }

    /// <summary>The agent used its connection: its newest token is known to have arrived.</summary>
    /// <returns>Whose rights the connection speaks for; null where another one does.</returns>
    public Holder? OnUsed(IStoreConnection connection)
    {
        lock (_gate)
        {
            if (_connection != connection && !Switches.IsOff(Mechanism.StreamFencing))
            {
                return null;
            }

            Confirm();
            return Holder;
        }
    }

    /// <summary>An op of this store is durable.</summary>
    public void OnApplied(Incarnation chain, long sequence, Core.Members.Classification classification, string note)
    {
        HubFrame? frame = null;
        lock (_gate)
        {
            if (_chains.Find(chain) is not { } session)
            {
                return;
            }

            if (_heldForBranch.Remove((chain, sequence), out var held))
            {
                OpIntake.KeepKnown(held.Op, held.Place, this, parts);
            }

            var moved = session.OnApplied(sequence);
            if (moved)
            {
                parts.Stores.MoveCursor(session.Holder, session.CommittedSequence, session.CommittedHash);
                if (_connection is null || chain != Holder.Incarnation || parts.Stores.IsReconciling)
                {
                    EndLife(chain); // the chain of a connected store lives, so most ops have nothing to end
                }
            }

            if (_fromReceipts.Remove((chain, sequence), out var life))
            {
                ReleaseAgain(life);
            }

            if (chain == Holder.Incarnation && (moved || classification != Core.Members.Classification.Normal))
            {
                frame = AckOf(session);
                if (classification != Core.Members.Classification.Normal)
                {
                    frame.OpAck.Classified.Add(new ClassifiedOp { Sequence = sequence, Classification = (V1.Classification)classification, Note = note });
                }
            }

            AcknowledgeFacts();
        }

        if (frame is not null)
        {
            Send(frame);
        }
    }

    /// <summary>What is due every second: that the hub is there, and the watermarks again, because an acknowledgement that fell between two connections must not wait for the store's next op.</summary>
    public void Beat(IStoreConnection connection)
    {
        HubFrame ack;
        lock (_gate)
        {
            connection.Send(new HubFrame { Heartbeat = new HubHeartbeat { HubClockMs = NowMs(), CommittedSequence = CommittedSequence } });
            if (_connection != connection)
            {
                return;
            }

            ack = AckOf(_chains.Of(Holder.Incarnation).Main);
        }

        Send(ack);
        SendFeedMark();
    }

    /// <summary>Queues a frame on the connection of the moment; drops it when there is none, because every frame is absolute.</summary>
    public void Send(HubFrame frame) => Volatile.Read(ref _connection)?.Send(frame);

    /// <summary>The agent said how it is.</summary>
    public void OnHeartbeat(AgentHeartbeat heartbeat)
    {
        Interlocked.Exchange(ref _hubClockAtHeartbeat, NowMs());
        Volatile.Write(ref _heartbeat, heartbeat);
    }

    /// <summary>HQ ended the life of this store: whoever speaks for it must say Hello again.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            _connection?.End();
            GoOffline();
            _quarantine = "";
            foreach (var waiting in _quarantined)
            {
                waiting.End(); // a machine that waits for this decision hears of it by asking again
            }

            _quarantined.Clear();
            foreach (var life in parts.Stores.Find(Store)!.Lives.All)
            {
                if (life.Status is LifeStatus.Dead or LifeStatus.Closed)
                {
                    _chains.Of(life.Number).MayExtend = true;
                }
            }
        }
    }

    /// <summary>Goes on with whatever a hub that stopped had begun: lives whose rights are to be released.</summary>
    public void Resume()
    {
        lock (_gate)
        {
            foreach (var life in parts.Stores.Find(Store)!.Lives.All)
            {
                if (life.Release != Core.Identity.ReleaseKind.None && !life.IsReleased)
                {
                    parts.Releases.Start(Store, life.Number, null);
                }
                else if (life.Status == LifeStatus.Dead)
                {
                    EndLife(life.Number);
                }
            }
        }
    }

    private void Judge(Challenger caller)
    {
        var known = parts.Stores.Find(Store)!;
        var chain = known.Lives.Find(caller.Hello.Holder.Incarnation) is { Status: not LifeStatus.Branch } life ? _chains.Of(life.Number).Main : null;
        var answer = HelloJudge.Judge(known.Lives, caller.Hello, new HelloContext(parts.Stores.Term, known.IsReconciling, chain, _connection is not null));
        if (answer is ChallengeFirst)
        {
            _challenger?.Connection.End();
            _challenger = caller;
            Send(new HubFrame { Challenge = new Challenge { Id = caller.Number } });
            parts.Schedule.RunAfter(ChallengeMs, () => OnChallengeUnanswered(caller));
            return;
        }

        _challenger = _challenger == caller ? null : _challenger;
        Answer(caller, answer);
    }

    private void OnChallengeUnanswered(Challenger caller)
    {
        lock (_gate)
        {
            if (_challenger == caller)
            {
                _challenger = null;
                _connection?.End(); // half-open: it will not be missed
                GoOffline();
                Judge(caller);
            }
        }
    }

    // What is decided is durable before anybody hears of it; meanwhile nobody speaks for the store.
    private void Answer(Challenger caller, HelloAnswer answer)
    {
        parts.Stores.Update(Store, known => known with { Lives = answer.Lives });
        switch (answer)
        {
            case Welcomed or Reincarnated:
                _connection?.End();
                GoOffline();
                break;
            case Stale stale:
                parts.Log.LogError("Store {Store} is stale and was told to lock: {Reason}", Store, stale.Reason);
                break;
            case Quarantined quarantined:
                Volatile.Write(ref _quarantine, quarantined.Reason);
                parts.Log.LogError("A machine was put in quarantine: {Reason}", quarantined.Reason);
                break;
            default:
                break;
        }

        if (answer is Reincarnated { Old: var old })
        {
            _chains.Of(old).MayExtend = true;
        }

        parts.Pipeline.Submit(new JournalBatch(), null, () => Send(caller, answer));
    }

    private void Send(Challenger caller, HelloAnswer answer)
    {
        lock (_gate)
        {
            var nonce = caller.Connection.Nonce;
            switch (answer)
            {
                case Welcomed welcomed when caller.Number == _hellos:
                    GoOnline(caller, welcomed);
                    break;
                case Welcomed:
                    caller.Connection.End(); // a newer Hello came meanwhile
                    break;
                case Stale stale:
                    caller.Connection.Send(new HubFrame { Stale = new V1.Stale { Nonce = nonce, Reason = stale.Reason } });
                    break;
                case Quarantined quarantined:
                    _quarantined.Add(caller.Connection);
                    caller.Connection.Send(new HubFrame { Quarantine = new Quarantine { Nonce = nonce, Reason = quarantined.Reason } });
                    break;
                case Reincarnated reborn:
                    caller.Connection.Send(new HubFrame
                    {
                        Reincarnated = new V1.Reincarnated { Nonce = nonce, OldIncarnation = reborn.Old.Value, NewIncarnation = reborn.New.Value, Wish = UnsafeByteOperations.UnsafeWrap(reborn.Wish.ToBytes()) },
                    });
                    break;
                default:
                    throw new InvalidOperationException($"No frame for {answer.GetType().Name}.");
            }
        }
    }

    private void GoOnline(Challenger caller, Welcomed welcomed)
    {
        var hello = caller.Hello;
        if (parts.Stores.Find(Store)!.Lives.Living?.Number != hello.Holder.Incarnation)
        {
            caller.Connection.End(); // HQ ended this life meanwhile
            return;
        }

        Holder = hello.Holder;
        _token = welcomed.Token;
        var session = _chains.Of(Holder.Incarnation).Main;
        var reconciling = parts.Stores.Find(Store)!.IsReconciling;
        if (reconciling)
        {
            _reconciliation.Begin(hello.TipSequence, caller.DeadLogs);
        }

        Volatile.Write(ref _connection, caller.Connection);
        Volatile.Write(ref _quarantine, "");
        Interlocked.Exchange(ref _sinceMs, NowMs());
        _heartbeat = new AgentHeartbeat { TipSequence = hello.TipSequence, BacklogOps = hello.TipSequence - session.CommittedSequence, FeedPosition = hello.FeedPosition };
        Send(new HubFrame
        {
            Welcome = new Welcome
            {
                Nonce = caller.Connection.Nonce,
                Token = welcomed.Token,
                HubTerm = parts.Stores.Term,
                CommittedSequence = session.CommittedSequence,
                CommittedHash = ByteString.CopyFrom(session.CommittedHash.ToBytes()),
                NewestSequence = session.Newest.Sequence,
                NewestHash = ByteString.CopyFrom(session.Newest.Hash.ToBytes()),
                MaxUnackedBytes = WindowBytes,
                HubClockMs = NowMs(),
                WantsLines = reconciling,
            },
        });
        Send(PolicyFrame.Of(parts));
        if (parts.ReceiptKeys is { } keys)
        {
            Send(keys.FrameFor(Holder));
        }

        parts.Log.LogInformation("Store {Store} is online at op {Sequence}", Store, hello.TipSequence);
        CatchUp(hello.FeedPosition);
    }

    private void GoOffline()
    {
        if (_connection is null)
        {
            return;
        }

        Volatile.Write(ref _connection, null);
        Interlocked.Exchange(ref _sinceMs, NowMs());
        _catchUp?.Stop();
        parts.Log.LogInformation("Store {Store} is offline", Store);
    }

    // Tells an agent that is back of every member that changed since its cursor and that it follows. The connection is online already,
    // so what changes from here on is sent by itself; the sweep covers what changed before.
    private void CatchUp(long position)
    {
        var holder = Holder;
        _catchingUp = true;
        MemberWalk? sweep = null;
        sweep = new MemberWalk(parts.Journal, parts.Grains, parts.Schedule, position, self => new CatchUpWanted(holder, self), () => OnCaughtUp(sweep!));
        _catchUp = sweep;
        sweep.Start();
    }

    private void OnCaughtUp(MemberWalk sweep)
    {
        lock (_gate)
        {
            if (_catchUp != sweep)
            {
                return;
            }

            _catchingUp = false;
        }

        SendFeedMark();
    }

    // Says up to which position every change has been sent.
    private void SendFeedMark()
    {
        // Read before sending: everything released up to it was queued before the mark is.
        var position = parts.Pipeline.ReleasedPosition;
        lock (_gate)
        {
            if (_catchingUp)
            {
                return;
            }
        }

        Send(new HubFrame { FeedMark = new FeedMark { Position = position } });
    }

    private void Confirm()
    {
        if (_token != 0)
        {
            var token = _token;
            _token = 0;
            parts.Stores.Update(Store, known => known with { Lives = known.Lives.Confirm(Holder.Incarnation, token) });
        }
    }

    private void EndForked(string fault)
    {
        parts.Log.LogError("Life {Life} of store {Store} has two histories and is ended: {Reason}", Holder.Incarnation, Store, fault);
        var life = Holder.Incarnation;
        parts.Stores.Update(Store, known => known with { Lives = known.Lives.Revoke(life) });
        _chains.Of(life).MayExtend = true;
        OpenForkCase(life, fault);
        _connection?.End();
        GoOffline();
    }

    private void OpenForkCase(Incarnation life, string note)
    {
        var batch = new JournalBatch();
        CaseBook.Open(batch, CaseRules.Forked(new Holder(Store, life), note, NowMs()));
        parts.Pipeline.Submit(batch, null, static () => { });
    }

    // A dead life whose log came in whole gives back what it did not use.
    private void EndLife(Incarnation number)
    {
        var known = parts.Stores.Find(Store)!;
        if (known.Lives.Find(number) is { Status: LifeStatus.Dead, Release: Core.Identity.ReleaseKind.None } life && (Switches.IsOff(Mechanism.CloseBeforeRelease) || _chains.IsComplete(number)))
        {
            parts.Stores.Update(Store, one => one with { Lives = one.Lives.Put(life with { Release = Core.Identity.ReleaseKind.Closed }) });
            parts.Releases.Start(Store, number, null);
        }

        EndReconciliation();
    }

    private void AcknowledgeFacts()
    {
        if (_pendingFacts is { } pending && pending.Places.All(place => place.Chain.IsDurable(place.Sequence)))
        {
            _pendingFacts = null;
            pending.Connection.Send(new HubFrame { FactsAck = new FactsAck { Incarnation = pending.Life.Value, Sequence = pending.Last } });
            _reconciliation.OnDeadLog(pending.Life, pending.Last);
            if (pending.IsLast)
            {
                ReleaseAgain(pending.Life);
            }

            EndReconciliation();
        }
    }

    // Top-ups of a life that was reclaimed and come late are credited. What is left of them is released at the end of its log, not before:
    // the sales that used them may stand behind them. An op that came on a receipt may be the last that is ever heard of its log.
    private void ReleaseAgain(Incarnation number)
    {
        if (parts.Stores.Find(Store)!.Lives.Find(number) is { Release: Core.Identity.ReleaseKind.Reclaimed, IsReleased: true } life)
        {
            parts.Stores.Update(Store, one => one with { Lives = one.Lives.Put(life with { IsReleased = false }) });
            parts.Releases.Start(Store, number, null);
        }
    }

    private void OnReportTaken()
    {
        lock (_gate)
        {
            EndReconciliation();
        }
    }

    // protocol.md 1.17: a store is heard out when its lines, its ops and the logs of its earlier lives are all here.
    private void EndReconciliation()
    {
        if (parts.Stores.Find(Store)!.IsReconciling && _connection is not null && _reconciliation.IsHeardOut(_chains.Of(Holder.Incarnation).Main.CommittedSequence))
        {
            _reconciliation.End(Holder.Incarnation);
        }
    }

    private static HubFrame AckOf(StoreSession session) => new()
    {
        OpAck = new OpAck
        {
            Incarnation = session.Holder.Incarnation.Value,
            CommittedSequence = session.CommittedSequence,
            CommittedHash = UnsafeByteOperations.UnsafeWrap(session.CommittedHash.ToBytes()),
        },
    };

    private long NowMs() => parts.Time.GetUtcNow().ToUnixTimeMilliseconds();

    private sealed record Challenger(long Number, Hello Hello, IReadOnlyList<DeadLog> DeadLogs, IStoreConnection Connection);

    private sealed record PendingFacts(Incarnation Life, long Last, bool IsLast, IReadOnlyList<(StoreSession Chain, long Sequence)> Places, IStoreConnection Connection);
}
