using Google.Protobuf;
using SyncHub.Core.Identity;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.V1;
using Hello = SyncHub.Core.Protocol.Hello;
using OpId = SyncHub.Core.Primitives.OpId;

namespace SyncHub.Hub.Sync;

/// <summary>The hub's end of one store over all its connections: who speaks for it, what its logs bring in, and what it is told.</summary>
/// <remarks>Thread-safe: the streams' readers, the commit pipeline and the partitions all call it. It waits for nothing.</remarks>
internal sealed class StoreLink
{

    private readonly Lock _gate = new();
    private readonly HubParts _parts;
    private readonly StoreChains _chains;
    private readonly Reconciliation _reconciliation;
    private readonly Speaker _speaker;
    private readonly StoreIntake _intake;
    private readonly MemberFeed _feed;
    private AgentHeartbeat _heartbeat = new();
    private long _hubClockAtHeartbeat;
    private int _secondsToRepeat;
    private long _beatSequence; // in the newest acknowledgement of a beat
    private bool _isAckDue;

    /// <summary>Makes the link of a store that the hub knows.</summary>
    public StoreLink(StoreId store, HubParts parts)
    {
        Store = store;
        _parts = parts;
        _chains = new StoreChains(store, parts);
        _reconciliation = new Reconciliation(store, parts);
        _feed = new MemberFeed(parts, _gate, Send);
        _speaker = new Speaker(store, parts, _gate, _chains) { Welcome = OnWelcomed, Gone = _feed.Stop };
        _intake = new StoreIntake(store, parts, this, _chains, _reconciliation);
    }

    /// <summary>Which store.</summary>
    public StoreId Store { get; }

    /// <summary>The life of the newest good Hello.</summary>
    public Holder Holder => _speaker.Holder;

    /// <summary>Whether a welcomed connection is up.</summary>
    public bool IsOnline => _speaker.IsOnline;

    /// <summary>Online or offline since, Unix milliseconds.</summary>
    public long SinceMs => _speaker.SinceMs;

    /// <summary>Why a machine that calls itself this store has to wait; empty where none does.</summary>
    public string Quarantine => _speaker.Quarantine;

    /// <summary>What the agent last said of itself.</summary>
    public AgentHeartbeat Heartbeat => Volatile.Read(ref _heartbeat);

    /// <summary>The agent's clock less the hub's at the last heartbeat, milliseconds.</summary>
    public long ClockSkewMs => Heartbeat.WallClockMs == 0 ? 0 : Heartbeat.WallClockMs - Interlocked.Read(ref _hubClockAtHeartbeat);

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
            _intake.HearEnds(hello.Holder, hello.TipSequence, deadLogs, connection);
            _speaker.OnHello(hello, deadLogs, connection);
        }
    }

    /// <summary>A connection has ended.</summary>
    public void OnEnded(IStoreConnection connection)
    {
        lock (_gate)
        {
            _intake.OnEnded(connection);
            _speaker.OnEnded(connection);
        }
    }

    /// <summary>Takes a batch of ops: checks it and hands the new ones to their members' grains.</summary>
    /// <returns>Null, or why the connection must end.</returns>
    public string? OnBatch(OpBatch batch, IStoreConnection connection)
    {
        lock (_gate)
        {
            if (!MaySpeak(connection))
            {
                return null;
            }

            if (batch.Incarnation != Holder.Incarnation.Value || batch.PreviousHash.Length is not (0 or OpHash.Size))
            {
                return "The batch is of another incarnation, or its hash has a wrong length.";
            }

            _speaker.Confirm();
            var verdict = _intake.TakeBatch(batch, Holder, connection);
            if (verdict is { Fault: { } fault, IsFork: true })
            {
                _intake.EndForked(Holder.Incarnation, fault);
                _speaker.End();
            }

            return verdict.Fault;
        }
    }

    /// <summary>Takes the log of a life that is over, or of a machine in quarantine.</summary>
    public void OnFacts(Facts facts, IStoreConnection connection)
    {
        lock (_gate)
        {
            _intake.TakeFacts(facts, connection);
        }
    }

    /// <summary>Takes an op of a receipt into the log of a life that was given up.</summary>
    /// <returns>Whether it was new.</returns>
    public bool OnReceipt(OpId id, OpHash previous, ReadOnlyMemory<byte> envelope)
    {
        lock (_gate)
        {
            return _intake.TakeReceipt(id, previous, envelope);
        }
    }

    /// <summary>A store reports what it holds, for a hub that may have forgotten grants.</summary>
    public void OnLineReport(LineReport report, IStoreConnection connection)
    {
        lock (_gate)
        {
            if (_speaker.Is(connection))
            {
                _reconciliation.OnReport(report, Holder, EndReconciliation);
                EndReconciliation();
            }
        }
    }

    /// <summary>Whoever answers a challenge is still there: the other one is a copy.</summary>
    public void OnChallengeReply(ChallengeReply reply, IStoreConnection connection)
    {
        lock (_gate)
        {
            _speaker.OnChallengeReply(reply, connection);
        }
    }

    /// <summary>The agent used its connection: its newest token is known to have arrived.</summary>
    /// <returns>Whose rights the connection speaks for; null where another one does.</returns>
    public Holder? OnUsed(IStoreConnection connection)
    {
        lock (_gate)
        {
            if (!MaySpeak(connection))
            {
                return null;
            }

            _speaker.Confirm();
            return Holder;
        }
    }

    /// <summary>An op of this store is durable.</summary>
    /// <returns>Whether an acknowledgement is due that was not before: <see cref="Acknowledge"/> sends it.</returns>
    public bool OnApplied(Incarnation chain, long sequence, Core.Members.Classification classification, string note)
    {
        HubFrame? frame = null;
        var isFirst = false;
        lock (_gate)
        {
            var isLiving = IsOnline && chain == Holder.Incarnation;
            var moved = _intake.OnApplied(chain, sequence, isLiving);
            var isOrdinary = classification == Core.Members.Classification.Normal;
            if (chain == Holder.Incarnation && (moved || !isOrdinary) && _chains.Find(chain) is { } session)
            {
                if (isOrdinary)
                {
                    (isFirst, _isAckDue) = (!_isAckDue, true);
                }
                else
                {
                    frame = AckOf(session);
                    frame.OpAck.Classified.Add(new ClassifiedOp { Sequence = sequence, Classification = (V1.Classification)classification, Note = note });
                }
            }
        }

        if (frame is not null)
        {
            Send(frame);
        }

        return isFirst;
    }

    /// <summary>Tells the store how far its log is durable: once for all that one commit brought, because each of its ops would say the same of all before it.</summary>
    public void Acknowledge()
    {
        HubFrame frame;
        lock (_gate)
        {
            _isAckDue = false;
            if (_chains.Find(Holder.Incarnation) is not { } session)
            {
                return;
            }

            frame = AckOf(session);
        }

        Send(frame);
    }

    /// <summary>What is due every second, or every few where nothing happens: that the hub is there, and the watermarks again, because an acknowledgement that fell between two connections must not wait for the store's next op.</summary>
    /// <remarks>Where nothing changes an agent hears a heartbeat and the watermarks once in as many seconds as it bears: a thousand idle stores would else cost a tenth of a core.</remarks>
    public void Beat(IStoreConnection connection)
    {
        HubFrame? ack = null;
        bool isDue;
        lock (_gate)
        {
            // With the first beat that speaks for the store, and from then on together: a beat apart they would be two packets for as long as the stream lives.
            var isSpeaking = _speaker.Is(connection);
            var seconds = connection.TakeSeconds();
            isDue = isSpeaking && (_secondsToRepeat -= seconds) <= 0; // as rarely as heartbeats: all of them leave in one packet
            if (isDue)
            {
                _secondsToRepeat = connection.SecondsBetweenRepeats;
            }

            if (connection.WantsHeartbeat(leavesAnyway: isDue))
            {
                connection.Send(new HubFrame { Heartbeat = new HubHeartbeat { HubClockMs = _parts.NowMs(), CommittedSequence = CommittedSequence } });
            }

            if (!isSpeaking)
            {
                return;
            }

            var main = _chains.Of(Holder.Incarnation).Main;
            if (isDue || main.CommittedSequence != _beatSequence)
            {
                _beatSequence = main.CommittedSequence;
                ack = AckOf(main);
            }
        }

        if (ack is not null)
        {
            Send(ack);
        }

        _feed.SendMark(isRepeated: isDue);
    }

    /// <summary>Queues a frame on the connection of the moment; drops it when there is none, because every frame is absolute.</summary>
    public void Send(HubFrame frame) => _speaker.Send(frame);

    /// <summary>The agent said how it is.</summary>
    public void OnHeartbeat(AgentHeartbeat heartbeat)
    {
        Interlocked.Exchange(ref _hubClockAtHeartbeat, _parts.NowMs());
        Volatile.Write(ref _heartbeat, heartbeat);
    }

    /// <summary>HQ ended the life of this store: whoever speaks for it must say Hello again.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            _speaker.EndAll();
            _intake.OpenEndedLogs();
        }
    }

    /// <summary>Goes on with whatever a hub that stopped had begun: lives whose rights are to be released.</summary>
    public void Resume()
    {
        lock (_gate)
        {
            _intake.Resume();
        }
    }

    /// <summary>Ends the reconciliation where nothing is missing any more (protocol.md 1.17): the store's lines, its ops and the logs of its earlier lives are all here.</summary>
    public void EndReconciliation()
    {
        lock (_gate)
        {
            if (_parts.Stores.Find(Store)!.IsReconciling && IsOnline && _reconciliation.IsHeardOut(_chains.Of(Holder.Incarnation).Main.CommittedSequence))
            {
                _reconciliation.End(Holder.Incarnation);
            }
        }
    }

    private bool MaySpeak(IStoreConnection connection) => _speaker.Is(connection) || Switches.IsOff(Mechanism.StreamFencing);

    private void OnWelcomed(Caller caller, Welcomed welcomed)
    {
        var hello = caller.Hello;
        var session = _chains.Of(Holder.Incarnation).Main;
        var reconciling = _parts.Stores.Find(Store)!.IsReconciling;
        if (reconciling)
        {
            _reconciliation.Begin(hello.TipSequence, caller.DeadLogs);
        }

        _secondsToRepeat = 0; // the first beat of a connection says all again
        _heartbeat = new AgentHeartbeat { TipSequence = hello.TipSequence, BacklogOps = hello.TipSequence - session.CommittedSequence, FeedPosition = hello.FeedPosition };
        Send(new HubFrame
        {
            Welcome = new Welcome
            {
                Nonce = caller.Connection.Nonce,
                Token = welcomed.Token,
                HubTerm = _parts.Stores.Term,
                CommittedSequence = session.CommittedSequence,
                CommittedHash = ByteString.CopyFrom(session.CommittedHash.ToBytes()),
                NewestSequence = session.Newest.Sequence,
                NewestHash = ByteString.CopyFrom(session.Newest.Hash.ToBytes()),
                MaxUnackedBytes = OpWindow.BytesFor(_parts.Stores.Count),
                HubClockMs = _parts.NowMs(),
                SilenceSeconds = caller.Connection.CutSeconds,
                KnowsUnfollow = true,
                WantsLines = reconciling || (hello.HubTerm != 0 && hello.HubTerm != _parts.Stores.Term), // also of a store that was given up meanwhile: whose replica it keeps, the restored hub does not know
            },
        });
        Send(PolicyFrame.Of(_parts, Store));
        if (_parts.ReceiptKeys is { } keys)
        {
            Send(keys.FrameFor(Holder));
        }

        _feed.CatchUp(Holder, hello.FeedPosition, caller.Connection);
        _parts.Orders.OnWelcomed(Store);
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
}
