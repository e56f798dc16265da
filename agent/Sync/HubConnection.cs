using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using SyncHub.Agent.Engine;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Storage;

namespace SyncHub.Agent.Sync;

/// <summary>One connection to the hub: Hello, Welcome, then ops up and news down, until either side or the network ends it.</summary>
/// <remarks>
/// Three tasks: one receives, one sends, one beats and listens for silence. The first to end ends the others.
/// Thread rule: <see cref="AskAsync"/>, <see cref="Wake"/> and <see cref="Abandon"/> from any thread.
/// </remarks>
internal sealed class HubConnection(long number, AgentLoop loop, StoreIdentity identity, OpOutbox outbox, TimeProvider time, ILogger log)
{
    private const int NonceBytes = 16;
    private const int LargestBatchOps = 200;
    private const int LargestBatchBytes = 256 * 1024;
    private const int NewestSchema = 1;
    private static readonly TimeSpan BeatInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(8);

    private readonly ProducerId _producer = new(identity.Store, identity.Incarnation);
    private readonly ConcurrentQueue<V1.AgentFrame> _toSend = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentDictionary<long, TaskCompletionSource<HubNews?>> _asked = new();
    private readonly ConcurrentQueue<(long AfterSequence, V1.AgentFrame Frame)> _revokesDone = new();
    private readonly CancellationTokenSource _ended = new(); // never disposed of: it has no timer, and late callers may still cancel it
    private long _askNumber;
    private long _heardAt;
    private long _feedPosition;
    private OpHash _sentHash;
    private bool _isLocked;
    private volatile bool _isWelcomed;

    /// <summary>Counts up with each connection of this process.</summary>
    public long Number { get; } = number;

    /// <summary>Names the connection in every frame that belongs to it.</summary>
    public ByteString Nonce { get; } = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(NonceBytes));

    /// <summary>Whether the hub took the Hello, at some time in this connection's life.</summary>
    public bool WasWelcomed => _isWelcomed;

    /// <summary>Whether the hub can be asked.</summary>
    public bool IsLive => _isWelcomed && !_ended.IsCancellationRequested;

    /// <summary>Runs until the connection ends, and throws why.</summary>
    public async Task RunAsync(V1.Sync.SyncClient client, CancellationToken stopping)
    {
        using var stopped = stopping.Register(Abandon);
        var self = (await loop.AskAsync(new DescribeSelf(loop.NowMs))).Self ?? throw new HubConnectionException("The journal cannot be read at present.");
        Prepare(self);
        using var call = client.Link(new Metadata { { "authorization", "Bearer " + identity.Secret } }, cancellationToken: _ended.Token);
        Interlocked.Exchange(ref _heardAt, time.GetTimestamp());
        _toSend.Enqueue(new V1.AgentFrame { Hello = HelloOf(self) });
        Wake();
        Task[] tasks = [ReceiveAsync(call.ResponseStream), SendAsync(call.RequestStream), BeatAsync()];
        var first = await Task.WhenAny(tasks);
        Abandon();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (outbox)
        {
            outbox.OnDisconnected();
        }

        ForgetAsked();
        await first;
        throw new HubConnectionException("The hub closed the connection.");
    }

    /// <summary>Ends the connection.</summary>
    public void Abandon() => _ended.Cancel();

    /// <summary>There is something to send.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Asks the hub and waits for the answer that carries the same number; null where it does not come in time.</summary>
    public async Task<HubNews?> AskAsync(Func<long, V1.AgentFrame> frame, TimeSpan deadline)
    {
        var ask = Interlocked.Increment(ref _askNumber);
        var done = new TaskCompletionSource<HubNews?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[ask] = done;
        _toSend.Enqueue(frame(ask));
        Wake();
        try
        {
            return await done.Task.WaitAsync(deadline, time, _ended.Token);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            return null; // the till is answered from what is here; rights that come later are kept
        }
        finally
        {
            _asked.TryRemove(ask, out _);
        }
    }

    private void Prepare(SelfDescription self)
    {
        _isLocked = self.LockReason.Length > 0;
        _feedPosition = self.FeedPosition;
        lock (outbox)
        {
            outbox.OnLogged(self.TipSequence);
            outbox.Restore(Math.Max(outbox.CommittedSequence, self.CommittedSequence), Math.Max(outbox.Token, self.Token));
        }
    }

    private V1.Hello HelloOf(SelfDescription self) => new()
    {
        Store = identity.Store,
        Incarnation = identity.Incarnation,
        Nonce = Nonce,
        Token = self.Token,
        TipSequence = self.TipSequence,
        TipHash = ByteString.CopyFrom(self.TipHash.ToBytes()),
        FeedPosition = self.FeedPosition,
        PolicyVersion = self.PolicyVersion,
        SchemaMax = NewestSchema,
        WallClockMs = loop.NowMs,
        Locked = _isLocked,
    };

    private async Task ReceiveAsync(IAsyncStreamReader<V1.HubFrame> frames)
    {
        while (await frames.MoveNext(_ended.Token))
        {
            Interlocked.Exchange(ref _heardAt, time.GetTimestamp());
            await HandleAsync(frames.Current);
        }
    }

    private async Task HandleAsync(V1.HubFrame frame)
    {
        switch (frame.FrameCase)
        {
            case V1.HubFrame.FrameOneofCase.Welcome:
                await OnWelcomeAsync(frame.Welcome);
                break;
            case V1.HubFrame.FrameOneofCase.Stale when frame.Stale.Nonce == Nonce:
                await LockAsync(frame.Stale.Reason);
                break;
            case V1.HubFrame.FrameOneofCase.OpAck when frame.OpAck.Incarnation == identity.Incarnation:
                await OnAckAsync(frame.OpAck);
                break;
            case V1.HubFrame.FrameOneofCase.Rights:
                await TellAsync(new NewsArrived(loop.NowMs, new HubNews(null, frame.Rights), Number));
                break;
            case V1.HubFrame.FrameOneofCase.MemberDelta:
                await TellAsync(new NewsArrived(loop.NowMs, new HubNews(frame.MemberDelta, null), Number));
                break;
            case V1.HubFrame.FrameOneofCase.RightsReply:
                await OnReplyAsync(frame.RightsReply.Request, frame.RightsReply.Member, frame.RightsReply.Rights);
                break;
            case V1.HubFrame.FrameOneofCase.IdentifyReply:
                await OnReplyAsync(frame.IdentifyReply.Request, frame.IdentifyReply.Member, frame.IdentifyReply.Rights);
                break;
            case V1.HubFrame.FrameOneofCase.RevokeAsk:
                _ = AnswerRevokeAsync(frame.RevokeAsk); // the frames behind it must not wait for a commit
                break;
            case V1.HubFrame.FrameOneofCase.FeedMark:
                Interlocked.Exchange(ref _feedPosition, frame.FeedMark.Position);
                await TellAsync(new FeedReached(loop.NowMs, frame.FeedMark.Position, Number));
                break;
            case V1.HubFrame.FrameOneofCase.PolicyDelta:
                await TellAsync(new PolicyArrived(loop.NowMs, frame.PolicyDelta));
                break;
            default:
                break; // heartbeats are heard already; a frame of a newer hub is not for us
        }
    }

    private async Task OnWelcomeAsync(V1.Welcome welcome)
    {
        if (_isLocked)
        {
            _isWelcomed = true; // it still learns of members and rules, but sends no op
            return;
        }

        var committed = OpHash.FromBytes(welcome.CommittedHash.Span);
        var own = OwnHashAt(welcome.CommittedSequence);
        WelcomeVerdict verdict;
        lock (outbox)
        {
            verdict = outbox.OnWelcome(welcome.Nonce == Nonce, welcome.Token, welcome.CommittedSequence, committed, own, welcome.MaxUnackedBytes);
        }

        switch (verdict)
        {
            case WelcomeVerdict.Resume:
                _sentHash = committed;
                await TellAsync(new SessionStarted(loop.NowMs, welcome.Token));
                await TellAsync(new Acknowledged(loop.NowMs, welcome.CommittedSequence));
                _isWelcomed = true;
                log.LogInformation("Connected to the hub, which has ops up to {Sequence}.", welcome.CommittedSequence);
                Wake();
                break;
            case WelcomeVerdict.Lock:
                await LockAsync($"The hub has another history at op {welcome.CommittedSequence}.");
                break;
            default:
                throw new HubConnectionException($"The hub's welcome is older than one seen before (token {welcome.Token}).");
        }
    }

    private OpHash? OwnHashAt(long sequence)
    {
        if (sequence == 0)
        {
            return OpHash.Genesis;
        }

        var facts = loop.ReadFacts(_producer, sequence, 1, LargestBatchBytes);
        return facts.Count == 1 && facts[0].Sequence == sequence ? OpHash.FromBytes(facts[0].Hash) : null;
    }

    private async Task LockAsync(string reason)
    {
        if (!_isLocked)
        {
            await loop.AskAsync(new LockOrdered(loop.NowMs, $"Stored value is locked at this store: {reason} Ask headquarters for a new enrolment code and enrol this store in a new data folder; keep the old folder."));
            log.LogError("The agent locked itself: {Reason}", reason);
        }

        throw new HubConnectionException($"The hub does not take this database: {reason}");
    }

    private async Task OnAckAsync(V1.OpAck ack)
    {
        bool isNews;
        lock (outbox)
        {
            isNews = outbox.OnAck(ack.CommittedSequence);
        }

        foreach (var op in ack.Classified)
        {
            log.LogWarning("Headquarters took op {Sequence} as {Classification}: {Note}", op.Sequence, op.Classification, op.Note);
        }

        Wake(); // the window may be open again
        if (isNews)
        {
            await TellAsync(new Acknowledged(loop.NowMs, ack.CommittedSequence));
        }
    }

    private async Task OnReplyAsync(long ask, V1.MemberDelta? member, V1.Rights? rights)
    {
        var isExpected = _asked.TryRemove(ask, out var asked);
        var news = new HubNews(member, rights);
        if (!isExpected || !asked!.TrySetResult(news))
        {
            await TellAsync(new NewsArrived(loop.NowMs, news, Number)); // too late for its till, still ours
        }
    }

    private async Task AnswerRevokeAsync(V1.RevokeAsk ask)
    {
        try
        {
            var reply = await loop.AskAsync(new RevokeAsked(loop.NowMs, ask));
            _revokesDone.Enqueue((reply.TipSequence, new V1.AgentFrame { RevokeDone = new V1.RevokeDone { Nonce = Nonce, Member = ask.Member, Id = ask.Id } }));
            Wake();
        }
        catch (Exception fault)
        {
            log.LogWarning("An ask for rights was not answered, and the hub will not wait for it: {Reason}", fault.Message);
        }
    }

    private async Task SendAsync(IClientStreamWriter<V1.AgentFrame> stream)
    {
        while (await _wake.Reader.ReadAsync(_ended.Token))
        {
            while (NextFrame() is { } frame)
            {
                await stream.WriteAsync(frame, _ended.Token);
            }
        }
    }

    // A waiting till first, then ops in order, then what may only follow ops that are sent.
    private V1.AgentFrame? NextFrame() => _toSend.TryDequeue(out var frame) ? frame : NextRevokeDone() ?? NextBatch();

    private V1.AgentFrame? NextRevokeDone()
    {
        if (!_revokesDone.TryPeek(out var next))
        {
            return null;
        }

        lock (outbox)
        {
            if (!_isLocked && outbox.SentSequence < next.AfterSequence) // a locked agent has nothing to send first
            {
                return null;
            }
        }

        _revokesDone.TryDequeue(out _);
        return next.Frame;
    }

    private V1.AgentFrame? NextBatch()
    {
        long room;
        long first;
        lock (outbox)
        {
            room = outbox.SendableBytes;
            first = outbox.SentSequence + 1;
        }

        var facts = room == 0 ? [] : loop.ReadFacts(_producer, first, LargestBatchOps, (int)Math.Min(room, LargestBatchBytes));
        if (facts.Count == 0)
        {
            return null;
        }

        var batch = new V1.OpBatch
        {
            Nonce = Nonce,
            Incarnation = identity.Incarnation,
            FirstSequence = first,
            PreviousHash = ByteString.CopyFrom(_sentHash.ToBytes()),
        };
        batch.Envelopes.AddRange(facts.Select(fact => UnsafeByteOperations.UnsafeWrap(fact.Bytes)));
        _sentHash = OpHash.FromBytes(facts[^1].Hash);
        lock (outbox)
        {
            outbox.OnSent(facts[^1].Sequence, facts.Sum(fact => (long)fact.Bytes.Length));
        }

        return new V1.AgentFrame { OpBatch = batch };
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(BeatInterval, time);
        while (await timer.WaitForNextTickAsync(_ended.Token))
        {
            if (time.GetElapsedTime(Interlocked.Read(ref _heardAt)) > LongestSilence)
            {
                throw new HubConnectionException("The hub has been silent for too long.");
            }

            long tip;
            long backlog;
            lock (outbox)
            {
                (tip, backlog) = (outbox.TipSequence, outbox.Backlog);
            }

            _toSend.Enqueue(new V1.AgentFrame
            {
                Heartbeat = new V1.AgentHeartbeat { TipSequence = tip, BacklogOps = backlog, WallClockMs = loop.NowMs, FeedPosition = Interlocked.Read(ref _feedPosition) },
            });
            Wake();
        }
    }

    private ValueTask TellAsync(AgentCommand command) => loop.TellAsync(command, _ended.Token);

    private void ForgetAsked()
    {
        foreach (var asked in _asked.Values)
        {
            asked.TrySetResult(null);
        }
    }
}
