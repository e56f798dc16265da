using Google.Protobuf;
using SyncHub.Agent.Engine;
using SyncHub.Core.Identity;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Storage;

namespace SyncHub.Agent.Sync;

/// <summary>The order of one connection to the hub: Hello, its answer, then ops up and news down. It knows no socket, clock or thread.</summary>
/// <remarks>
/// 1. Hello says who this is and how far its log goes. 2. Welcome: ops from the hub's watermark on; Stale: lock, and ask for a new life on the next
/// connection; Reincarnated: begin it; Quarantine: lock, and upload what there is. Thread rule: one caller at a time; the shell locks.
/// </remarks>
internal sealed class HubSession(long number, ByteString nonce, SelfDescription self, ISessionShell shell, ILogSigner? signer = null)
{
    private const int LargestBatchBytes = 256 * 1024;
    private const int MostHeldOps = 50;
    private const int NewestSchema = 1;
    private const int ReportPage = 200;
    private const long WindowBytes = 512 * 1024; // about 500 changes: rights wait behind no more
    private const int BeatsPerRenewal = 2; // the hub beats every few seconds; a lease lasts for hours
    private const int SecondsOfBeat = 2;
    private const int OldHubsSilence = 10;
    private const int BeatsInSilence = 2; // one may be late

    /// <summary>For how many seconds an agent that waits for nothing bears a silent hub: two of the hub's rarest heartbeats, and a little.</summary>
    public const int PatienceSeconds = 48;

    private readonly OpOutbox _outbox = OutboxOf(self);
    private readonly FactsUpload _facts = new(self, signer);
    private readonly ProducerId _producer = new(self.Holder.Store.Value, self.Holder.Incarnation.Value);
    private readonly Queue<V1.AgentFrame> _toSend = new();
    private readonly Queue<(long AfterSequence, V1.AgentFrame Frame)> _afterOps = new();
    private readonly Dictionary<long, Action<HubNews?>> _asked = [];
    private OpHash _sentHash;
    private long _feedPosition = self.FeedPosition;
    private long _askNumber;
    private readonly HandInQueue _handIns = new(shell);
    private int _beatsHeard;
    private int _beatsUnsaid;
    private int _mostBeatsUnsaid = OldHubsSilence / SecondsOfBeat / BeatsInSilence;
    private (long Tip, long Backlog, long Feed) _toldState;
    private long _takenBytes;
    private long _toldBytes;
    private long _urgentUpTo;
    private bool _holdsOps;
    private bool _isEnded;

    /// <summary>Counts up with each connection of this process.</summary>
    public long Number { get; } = number;

    /// <summary>Names the connection in every frame that belongs to it.</summary>
    public ByteString Nonce { get; } = nonce;

    /// <summary>Whether the hub took the Hello, at some time in this connection's life.</summary>
    public bool IsWelcomed { get; private set; }

    /// <summary>Whether the hub understands a store that drops a replica.</summary>
    public bool HubKnowsUnfollow { get; private set; }

    /// <summary>Whether the hub can be asked.</summary>
    public bool IsLive => IsWelcomed && !_isEnded;

    /// <summary>The newest op of the log that this session knows of.</summary>
    public long TipSequence => _outbox.TipSequence;

    /// <summary>The hub's watermark.</summary>
    public long CommittedSequence => _outbox.CommittedSequence;

    /// <summary>Ops that the hub has not confirmed.</summary>
    public long Backlog => _outbox.Backlog;

    /// <summary>Step 1: the first frame.</summary>
    public V1.AgentFrame Hello(int policyVersion, Cell cell)
    {
        var hello = new V1.Hello
        {
            Store = self.Holder.Store.Value,
            Incarnation = self.Holder.Incarnation.Value,
            Nonce = Nonce,
            Token = self.Token,
            TipSequence = self.TipSequence,
            TipHash = ByteString.CopyFrom(self.TipHash.ToBytes()),
            FeedPosition = self.FeedPosition,
            PolicyVersion = policyVersion,
            SchemaMax = NewestSchema,
            WallClockMs = shell.NowMs,
            Locked = self.LockReason.Length > 0,
            Device = ByteString.CopyFrom(self.Device.ToBytes()),
            Wish = ByteString.CopyFrom(self.Wish.ToBytes()),
            WindowBytes = WindowBytes,
            SilenceSeconds = PatienceSeconds,
            HubTerm = self.HubTerm,
            Cell = cell.Number,
            Cells = cell.Count,
        };
        hello.DeadLogs.AddRange(self.DeadLogs.Where(log => log.IsOpen).Select(EndOf));
        hello.ConfirmedLogs.AddRange(self.DeadLogs.Where(log => !log.IsOpen).Select(EndOf));
        return new V1.AgentFrame { Hello = hello };
    }

    /// <summary>Step 2: a frame of the hub.</summary>
    public void OnFrame(V1.HubFrame frame)
    {
        if (_isEnded)
        {
            return;
        }

        switch (frame.FrameCase)
        {
            case V1.HubFrame.FrameOneofCase.Welcome when frame.Welcome.Nonce == Nonce:
                OnWelcome(frame.Welcome);
                break;
            case V1.HubFrame.FrameOneofCase.Stale when frame.Stale.Nonce == Nonce && !IsWelcomed: // a late copy of an old answer must not lock a healthy agent
                Lock(frame.Stale.Reason);
                break;
            case V1.HubFrame.FrameOneofCase.Quarantine when frame.Quarantine.Nonce == Nonce && !IsWelcomed:
                OnQuarantine(frame.Quarantine.Reason);
                break;
            case V1.HubFrame.FrameOneofCase.Reincarnated when frame.Reincarnated.Nonce == Nonce:
                OnReincarnated(frame.Reincarnated);
                break;
            case V1.HubFrame.FrameOneofCase.Challenge:
                Send(new V1.AgentFrame { ChallengeReply = new V1.ChallengeReply { Id = frame.Challenge.Id } });
                break;
            case V1.HubFrame.FrameOneofCase.FactsAck:
                OnFactsAck(frame.FactsAck);
                break;
            case V1.HubFrame.FrameOneofCase.OpAck when IsWelcomed && frame.OpAck.Incarnation == self.Holder.Incarnation.Value:
                OnAck(frame.OpAck);
                break;
            case V1.HubFrame.FrameOneofCase.Rights:
                shell.Tell(new NewsArrived(shell.NowMs, new HubNews(null, frame.Rights), Number));
                break;
            case V1.HubFrame.FrameOneofCase.MemberDelta:
                shell.Tell(new NewsArrived(shell.NowMs, new HubNews(frame.MemberDelta, null), Number));
                OnTaken(frame.MemberDelta.CalculateSize());
                break;
            case V1.HubFrame.FrameOneofCase.RightsReply:
                OnReply(frame.RightsReply.Request, new HubNews(frame.RightsReply.Member, frame.RightsReply.Rights));
                break;
            case V1.HubFrame.FrameOneofCase.IdentifyReply:
                OnReply(frame.IdentifyReply.Request, new HubNews(frame.IdentifyReply.Member, frame.IdentifyReply.Rights));
                break;
            case V1.HubFrame.FrameOneofCase.ReceiptKey:
                shell.Tell(new ReceiptKeyArrived(shell.NowMs, frame.ReceiptKey));
                break;
            case V1.HubFrame.FrameOneofCase.RefundRightReply:
                OnReply(frame.RefundRightReply.Request, new HubNews(frame.RefundRightReply.Member, frame.RefundRightReply.Rights) { RefundRight = frame.RefundRightReply });
                break;
            case V1.HubFrame.FrameOneofCase.OutOfBandReply:
                OnReply(frame.OutOfBandReply.Request, new HubNews(null, null) { HandIn = frame.OutOfBandReply });
                break;
            case V1.HubFrame.FrameOneofCase.RevokeAsk:
                OnRevokeAsk(frame.RevokeAsk);
                break;
            case V1.HubFrame.FrameOneofCase.Order when IsWelcomed:
                OnOrder(frame.Order);
                break;
            case V1.HubFrame.FrameOneofCase.FeedMark:
                _feedPosition = frame.FeedMark.Position;
                shell.Tell(new FeedReached(shell.NowMs, frame.FeedMark.Position, Number));
                break;
            case V1.HubFrame.FrameOneofCase.PolicyDelta:
                shell.Tell(new PolicyArrived(shell.NowMs, frame.PolicyDelta));
                break;
            case V1.HubFrame.FrameOneofCase.Heartbeat when IsWelcomed:
                OnHeard();
                break;
            default:
                break; // a frame of a newer hub is not for us
        }
    }

    /// <summary>Ops up to here are durable.</summary>
    public void OnLogged(long sequence)
    {
        _outbox.OnLogged(sequence);
        if (!_holdsOps || IsUrgent)
        {
            shell.Wake(); // else the shell wakes by itself, when what is held is due
        }
    }

    /// <summary>Asks the hub; the answer comes back with the same number.</summary>
    /// <returns>The number, for <see cref="Forget"/>.</returns>
    public long Ask(Func<long, V1.AgentFrame> frame, Action<HubNews?> answer)
    {
        var ask = ++_askNumber;
        _asked[ask] = answer;
        Send(frame(ask));
        return ask;
    }

    /// <summary>Nobody waits for an answer any more; rights that come with it are kept all the same.</summary>
    public void Forget(long ask) => _asked.Remove(ask);

    /// <summary>Whether ops that are logged now wait for others: the shell has to ask again when that is over.</summary>
    public bool HoldsOps => _holdsOps;

    /// <summary>Whether a till waits for an answer of the hub.</summary>
    public bool IsAsked => _asked.Count > 0;

    /// <summary>Whether there may be another frame to send, now or when what is held is due.</summary>
    public bool MayHaveMore => _toSend.Count > 0 || _afterOps.Count > 0 || _outbox.TipSequence > _outbox.SentSequence || _facts.IsOpen;

    // Somebody waits for what another store hands back. And many ops are no burst of a till, but a backlog.
    private bool IsUrgent => _urgentUpTo > _outbox.SentSequence || _afterOps.Count > 0 || _outbox.TipSequence - _outbox.SentSequence >= MostHeldOps;

    /// <summary>The next frame to send: a waiting till first, then ops in order, then what may only follow ops that are sent; null where there is none.</summary>
    /// <param name="holdsOps">Whether a batch left so recently that ops which nobody waits for may gather for the next one.</param>
    public V1.AgentFrame? NextFrame(bool holdsOps = false)
    {
        if (_isEnded)
        {
            return null;
        }

        _holdsOps = holdsOps;
        return _toSend.TryDequeue(out var frame) ? frame
            : NextAfterOps() ?? (holdsOps && !IsUrgent ? null : NextBatch()) ?? _facts.Next(shell);
    }

    /// <summary>What is due every two seconds; a heartbeat only where there is something to say, or it was silent for almost half of what the hub bears.</summary>
    public void Beat()
    {
        var state = (_outbox.TipSequence, _outbox.Backlog, _feedPosition);
        if (++_beatsUnsaid >= _mostBeatsUnsaid || state != _toldState)
        {
            (_beatsUnsaid, _toldState) = (0, state);
            Send(new V1.AgentFrame
            {
                Heartbeat = new V1.AgentHeartbeat { TipSequence = _outbox.TipSequence, BacklogOps = _outbox.Backlog, WallClockMs = shell.NowMs, FeedPosition = _feedPosition },
            });
        }

        _facts.Repeat();
        _handIns.Beat(this);
    }

    /// <summary>The connection is gone: nobody gets an answer any more.</summary>
    public void OnEnded()
    {
        _isEnded = true;
        _outbox.OnDisconnected();
        foreach (var answer in _asked.Values)
        {
            answer(null);
        }

        _asked.Clear();
    }

    private static V1.DeadLog EndOf(DeadLog log) => new() { Incarnation = log.Life.Value, TipSequence = log.TipSequence, TipHash = ByteString.CopyFrom(log.TipHash.ToBytes()) };

    private static OpOutbox OutboxOf(SelfDescription self)
    {
        var outbox = new OpOutbox(self.TipSequence);
        outbox.Restore(self.CommittedSequence, self.Token);
        return outbox;
    }

    private void OnWelcome(V1.Welcome welcome)
    {
        if (IsWelcomed)
        {
            return; // a copy
        }

        var silence = welcome.SilenceSeconds > 0 ? welcome.SilenceSeconds : OldHubsSilence;
        _mostBeatsUnsaid = Math.Max(1, ((silence / BeatsInSilence) - 1) / SecondsOfBeat);

        if (welcome.NewestSequence > welcome.CommittedSequence && OwnHashAt(welcome.NewestSequence) != OpHash.FromBytes(welcome.NewestHash.Span))
        {
            Lock($"The hub has another history at op {welcome.NewestSequence}.");
            return;
        }

        var committed = OpHash.FromBytes(welcome.CommittedHash.Span);
        var verdict = _outbox.OnWelcome(nonceMatches: true, welcome.Token, welcome.CommittedSequence, committed, OwnHashAt(welcome.CommittedSequence), welcome.MaxUnackedBytes);
        switch (verdict)
        {
            case WelcomeVerdict.Resume:
                _sentHash = committed;
                // The token is durable before it is used: else a crash would leave the hub with one that this database never had.
                AskDurable(new SessionStarted(shell.NowMs, welcome.Token, welcome.HubTerm, welcome.CommittedSequence), _ => Open(welcome));
                break;
            case WelcomeVerdict.Lock:
                Lock($"The hub has another history at op {welcome.CommittedSequence}.");
                break;
            default:
                shell.End($"The hub's welcome is older than one seen before (token {welcome.Token}).");
                break;
        }
    }

    private void Open(V1.Welcome welcome)
    {
        IsWelcomed = true;
        HubKnowsUnfollow = welcome.KnowsUnfollow;
        _facts.Start(welcome.HubTerm);
        _handIns.Start(this);
        shell.Note($"Connected to the hub, which has ops up to {welcome.CommittedSequence}.", isTrouble: false);
        if (welcome.WantsLines)
        {
            Report();
        }

        shell.Wake();
    }

    // protocol.md 1.17: a restored hub may have forgotten grants, who follows whom, and rights to undo; it grants nothing before it has heard them.
    private void Report() => Report([], after => new ReportLines(shell.NowMs, after, ReportPage), static (report, reply) => report.Lines.AddRange(reply.Lines),
        () => Report([], after => new ReportFollowed(shell.NowMs, after, ReportPage), FillFollowed,
        () => Report([], after => new ReportRefundRights(shell.NowMs, after, ReportPage), static (report, reply) => report.RefundRights.AddRange(reply.RefundRights), next: null)));

    private static void FillFollowed(V1.LineReport report, EngineReply reply)
    {
        report.Followed.AddRange(reply.Followed);
        report.Merges.AddRange(reply.Merges);
    }

    private void Report(byte[] after, Func<byte[], AgentCommand> page, Action<V1.LineReport, EngineReply> fill, Action? next) => shell.Ask(page(after), reply =>
    {
        if (reply.Fault is { } fault)
        {
            shell.End($"What is held here cannot be read: {fault}");
            return;
        }

        var report = new V1.LineReport { IsLast = next is null && reply.NextKey is null };
        fill(report, reply);
        Send(new V1.AgentFrame { LineReport = report });
        if (reply.NextKey is { } key)
        {
            Report(key, page, fill, next);
        }
        else
        {
            next?.Invoke();
        }
    });

    // What the rest of the connection builds on must be written; a disk that refuses ends the connection, and the next one tries again.
    private void AskDurable(AgentCommand command, Action<EngineReply> then) => shell.Ask(command, reply =>
    {
        if (reply.Fault is { } fault && !Switches.IsOff(Mechanism.DurableToken))
        {
            shell.End(fault);
        }
        else
        {
            then(reply);
        }
    });

    // protocol.md 1.7: every word of the hub renews the store's lease.
    private void OnHeard()
    {
        if (_beatsHeard++ % BeatsPerRenewal == 0)
        {
            shell.Tell(new HubHeard(shell.NowMs, shell.ElapsedMs));
        }
    }

    // The hub sends more when this much was taken; a full queue of the engine holds the stream back before it comes here.
    private void OnTaken(int bytes)
    {
        _takenBytes += bytes;
        if (_takenBytes - _toldBytes >= WindowBytes / 4)
        {
            _toldBytes = _takenBytes;
            Send(new V1.AgentFrame { FramesTaken = new V1.FramesTaken { Bytes = _takenBytes } });
        }
    }

    private void Lock(string reason)
    {
        shell.Note($"The agent locks itself: {reason}", isTrouble: true);
        AskDurable(new LockOrdered(shell.NowMs, reason), _ => shell.End($"The hub does not take this database: {reason}", again: self.LockReason.Length == 0));
    }

    private void OnQuarantine(string reason)
    {
        shell.Note($"This machine is in quarantine: {reason}", isTrouble: true);
        AskDurable(new LockOrdered(shell.NowMs, reason), _ =>
        {
            _facts.StartWithOwnLog();
            shell.Wake();
        });
    }

    private void OnReincarnated(V1.Reincarnated reborn)
    {
        shell.Note($"The hub gave this store a new life; the log of the old one goes up as facts.", isTrouble: true);
        var given = new LifeGiven(shell.NowMs, new Incarnation(reborn.OldIncarnation), new Incarnation(reborn.NewIncarnation), LifeKey.FromBytes(reborn.Wish.Span));
        AskDurable(given, _ => shell.End("A new life begins with a new connection.", again: true));
    }

    private void OnFactsAck(V1.FactsAck ack)
    {
        if (_facts.OnAck(ack))
        {
            shell.Tell(new FactsAcknowledged(shell.NowMs, new Incarnation(ack.Incarnation), ack.Sequence));
            shell.Wake();
        }
    }

    private void OnAck(V1.OpAck ack)
    {
        var isNews = _outbox.OnAck(ack.CommittedSequence);
        foreach (var op in ack.Classified)
        {
            shell.Note($"Headquarters took op {op.Sequence} as {op.Classification}: {op.Note}", isTrouble: true);
        }

        shell.Wake(); // the window may be open again
        if (isNews)
        {
            shell.Tell(new Acknowledged(shell.NowMs, ack.CommittedSequence, Number));
        }
    }

    private void OnReply(long ask, HubNews news)
    {
        if (_asked.Remove(ask, out var answer))
        {
            answer(news);
        }
        else
        {
            shell.Tell(new NewsArrived(shell.NowMs, news, Number)); // too late for its till, still ours
        }
    }

    private void OnRevokeAsk(V1.RevokeAsk ask) => shell.Ask(new RevokeAsked(shell.NowMs, ask), reply =>
    {
        _outbox.OnLogged(reply.TipSequence);
        if (reply.GaveRights)
        {
            _urgentUpTo = reply.TipSequence; // the op itself answers
        }
        else
        {
            _afterOps.Enqueue((reply.TipSequence, new V1.AgentFrame { RevokeDone = new V1.RevokeDone { Nonce = Nonce, Member = ask.Member, Id = ask.Id } }));
        }

        shell.Wake();
    });

    // The answer follows the op: a hub that reads it has the op, or gets it with the same log.
    private void OnOrder(V1.StoreOrder order) => shell.Do(order, reply =>
    {
        var isOfThisLife = reply.Op?.Incarnation == _producer.Incarnation;
        if (isOfThisLife)
        {
            _outbox.OnLogged(reply.Op!.Sequence);
        }

        reply.Nonce = Nonce;
        _afterOps.Enqueue((isOfThisLife ? reply.Op!.Sequence : 0, new V1.AgentFrame { OrderReply = reply }));
        shell.Wake();
    });

    private void Send(V1.AgentFrame frame)
    {
        _toSend.Enqueue(frame);
        shell.Wake();
    }

    private V1.AgentFrame? NextAfterOps()
    {
        if (!_afterOps.TryPeek(out var next) || _outbox.SentSequence < next.AfterSequence)
        {
            return null;
        }

        _afterOps.Dequeue();
        return next.Frame;
    }

    private V1.AgentFrame? NextBatch()
    {
        var room = IsWelcomed ? _outbox.SendableBytes : 0;
        var facts = room == 0 ? [] : shell.ReadFacts(_producer, _outbox.SentSequence + 1, OpOutbox.LargestBatchOps, (int)Math.Min(room, LargestBatchBytes));
        if (facts.Count == 0)
        {
            return null;
        }

        var batch = new V1.OpBatch
        {
            Nonce = Nonce,
            Incarnation = _producer.Incarnation,
            FirstSequence = facts[0].Sequence,
            PreviousHash = ByteString.CopyFrom(_sentHash.ToBytes()),
        };
        batch.Envelopes.AddRange(facts.Select(fact => UnsafeByteOperations.UnsafeWrap(fact.Bytes)));
        _sentHash = OpHash.FromBytes(facts[^1].Hash);
        if (signer is not null)
        {
            batch.Signature = UnsafeByteOperations.UnsafeWrap(signer.Sign(new LogHead(self.Holder, facts[^1].Sequence, _sentHash)));
        }

        _outbox.OnSent(facts[^1].Sequence, facts.Sum(fact => (long)fact.Bytes.Length));
        return new V1.AgentFrame { OpBatch = batch };
    }

    private OpHash? OwnHashAt(long sequence)
    {
        if (sequence == 0)
        {
            return OpHash.Genesis;
        }

        var facts = shell.ReadFacts(_producer, sequence, 1, int.MaxValue);
        return facts.Count == 1 && facts[0].Sequence == sequence ? OpHash.FromBytes(facts[0].Hash) : null;
    }
}
