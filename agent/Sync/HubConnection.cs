using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using SyncHub.Agent.Engine;
using SyncHub.Core.Identity;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Trust;
using SyncHub.Storage;

namespace SyncHub.Agent.Sync;

/// <summary>One connection to the hub: moves the frames of a <see cref="HubSession"/>, until either side or the network ends it.</summary>
/// <remarks>
/// Three tasks: one receives, one sends, one beats and listens for silence. The first to end ends the others. A till that asks sends its question itself, and where it
/// is the only one that waits, the thread that received the answer goes on with its call: on the way of a customer who waits no other thread has to wake up first.
/// Thread rule: <see cref="AskAsync"/>, <see cref="OnLogged"/> and <see cref="Abandon"/> from any thread; the session is locked.
/// </remarks>
internal sealed class HubConnection(long number, AgentLoop loop, ILogSigner? signer, Cell cell, TimeProvider time, ILogger log, Func<V1.StoreOrder, Task<V1.StoreOrderReply?>>? orders = null) : ISessionShell, IThreadPoolWorkItem
{
    private const int NonceBytes = 16;
    internal static readonly TimeSpan BeatInterval = TimeSpan.FromSeconds(2);

    // Of a till that sells and sells, twenty sales go up in one frame, signed once, and not each in its own. The first one after a pause leaves at once.
    private static readonly TimeSpan BetweenBatches = TimeSpan.FromMilliseconds(20);

    /// <summary>Takes what the hub says of void certificates; null where there are none.</summary>
    public HubTrust? Trust { get; init; }

    /// <summary>Whether a hub that stands by is to say who leads, and not to forward the stream.</summary>
    public bool LeaderOnly { get; init; }

    /// <summary>How silent the hub may be, where that is not as ever.</summary>
    public TimeSpan? LongestSilence
    {
        init => _silence = new HubSilence(time, value);
    }

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _ended = new(); // never disposed of: it has no timer, and late callers may still cancel it
    private readonly List<Task> _tells = [];
    private readonly List<Action> _answers = []; // to be given outside the gate: whoever is answered may need it
    private bool _isReceiving;
    private int _reasons = 1; // to look for frames; above 0 somebody does, or will. Nobody before the Hello
    private IClientStreamWriter<V1.AgentFrame>? _stream;
    private HubSession? _session;
    private string _endReason = "";
    private readonly HubSilence _silence = new(time);
    private long _logged; // told to the session by whoever has the gate next
    private long _batchAt = time.GetTimestamp() - time.TimestampFrequency;
    private bool _wakesLater;

    /// <summary>Counts up with each connection of this process.</summary>
    public long Number { get; } = number;

    /// <summary>Names the connection in every frame that belongs to it.</summary>
    public ByteString Nonce { get; } = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(NonceBytes));

    /// <summary>Whether the hub took the Hello, at some time in this connection's life.</summary>
    public bool WasWelcomed => _session is { IsWelcomed: true };

    /// <summary>Whether the hub can be asked.</summary>
    public bool IsLive => WasWelcomed && !_ended.IsCancellationRequested;

    /// <summary>Whether the hub is there and understands a store that drops a replica.</summary>
    public bool HubKnowsUnfollow => IsLive && _session is { HubKnowsUnfollow: true };

    /// <summary>Whether the next connection should come at once.</summary>
    public bool WantsAnother { get; private set; }

    /// <inheritdoc/>
    public long NowMs => loop.NowMs;

    /// <inheritdoc/>
    public long ElapsedMs => loop.ElapsedMs;

    /// <summary>Runs until the connection ends, and throws why.</summary>
    public async Task RunAsync(V1.Sync.SyncClient client, CancellationToken stopping)
    {
        using var stopped = stopping.Register(Abandon);
        var self = (await loop.AskAsync(new DescribeSelf(loop.NowMs, RandomNumberGenerator.GetBytes(LifeKey.Size)))).Self ?? throw new HubConnectionException("The journal cannot be read at present.");
        var session = new HubSession(Number, Nonce, self, this, signer);
        using var call = client.Link(LeaderOnly ? new Metadata { { StandbyReasons.LeaderOnly, "1" } } : null, cancellationToken: _ended.Token);
        _session = session;
        Task[] tasks = [ReceiveAsync(session, call.ResponseStream), SendAsync(session.Hello(self.PolicyVersion, cell), call.RequestStream), BeatAsync(session)];
        var first = await Task.WhenAny(tasks);
        Abandon();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        List<Action> answers;
        lock (_gate)
        {
            session.OnEnded();
            answers = TakeAnswers();
        }

        answers.ForEach(LeaveToPool);

        if (_endReason.Length > 0)
        {
            throw new HubConnectionException(_endReason);
        }

        await first;
        throw new HubConnectionException("The hub closed the connection.");
    }

    /// <summary>Ends the connection.</summary>
    public void Abandon() => _ended.Cancel();

    /// <summary>Ops up to here are durable. It never waits: a till stands behind its caller, and the session may be reading or signing a batch.</summary>
    public void OnLogged(long sequence)
    {
        Interlocked.Exchange(ref _logged, sequence);
        if (_gate.TryEnter())
        {
            try
            {
                TellLogged();
            }
            finally
            {
                _gate.Exit();
            }
        }
        else
        {
            Wake(); // the sender tells it
        }
    }

    /// <summary>Asks the hub and waits for the answer that carries the same number; null where it does not come in time.</summary>
    public async Task<HubNews?> AskAsync(Func<long, V1.AgentFrame> frame, TimeSpan deadline)
    {
        var done = new TaskCompletionSource<HubNews?>(); // its continuation may run in ReceiveAsync
        long ask;
        var sends = BeginToSend();
        try
        {
            lock (_gate)
            {
                if (_session is not { IsLive: true } session)
                {
                    return null;
                }

                ask = session.Ask(frame, news => _answers.Add(() => done.TrySetResult(news)));
            }
        }
        finally
        {
            if (sends)
            {
                _ = SendHereAsync();
            }
        }

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
            lock (_gate)
            {
                _session.Forget(ask);
            }
        }
    }

    /// <inheritdoc/>
    public void Wake()
    {
        if (BeginToSend())
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>The thread pool's entry: sends what there is.</summary>
    void IThreadPoolWorkItem.Execute() => _ = SendWaitingAsync();

    /// <inheritdoc/>
    public void Tell(AgentCommand command) => _tells.Add(loop.TellAsync(command, _ended.Token).AsTask());

    /// <inheritdoc/>
    public void Ask(AgentCommand command, Action<EngineReply> then)
    {
        if (_isReceiving)
        {
            _answers.Add(() => AskHere(command, then)); // the thread that received has left the gate then
            return;
        }

        try
        {
            _ = ContinueAsync(loop.AskAsync(command), then);
        }
        catch (AgentBusyException busy)
        {
            End(busy.Message);
        }
    }

    /// <inheritdoc/>
    public void Do(V1.StoreOrder order, Action<V1.StoreOrderReply> then)
    {
        if (orders is not null)
        {
            _ = DoAsync(orders, order, then);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoredFact> ReadFacts(ProducerId producer, long fromSequence, int limit, int maxBytes) => loop.ReadFacts(producer, fromSequence, limit, maxBytes);

    /// <inheritdoc/>
    public void End(string reason, bool again = false)
    {
        _endReason = reason;
        WantsAnother |= again;
        Abandon();
    }

    /// <inheritdoc/>
    public void Note(string text, bool isTrouble) => log.Log(isTrouble ? LogLevel.Warning : LogLevel.Information, "{Note}", text);

    private void AskHere(AgentCommand command, Action<EngineReply> then)
    {
        try
        {
            _ = ContinueAsync(loop.AskHereAsync(command), then);
        }
        catch (AgentBusyException busy)
        {
            End(busy.Message);
        }
    }

    private async Task ContinueAsync(Task<EngineReply> asked, Action<EngineReply> then)
    {
        try
        {
            var reply = await asked;
            var sends = BeginToSend();
            try
            {
                lock (_gate)
                {
                    then(reply);
                }
            }
            finally
            {
                if (sends)
                {
                    _ = SendHereAsync();
                }
            }
        }
        catch (Exception fault)
        {
            End($"The engine did not answer: {fault.Message}");
        }
    }

    private async Task DoAsync(Func<V1.StoreOrder, Task<V1.StoreOrderReply?>> book, V1.StoreOrder order, Action<V1.StoreOrderReply> then)
    {
        try
        {
            await Task.Yield(); // the caller holds the session
            if (await book(order) is { } reply)
            {
                lock (_gate)
                {
                    then(reply);
                }
            }
        }
        catch (Exception fault)
        {
            End($"An order of headquarters could not be booked: {fault.Message}");
        }
    }

    private async Task ReceiveAsync(HubSession session, IAsyncStreamReader<V1.HubFrame> frames)
    {
        var tells = new List<Task>();
        while (await frames.MoveNext(_ended.Token))
        {
            _silence.OnHeard();
            if (frames.Current.HubCertificate is { } told)
            {
                Learn(told.Certificate.Span);
                continue;
            }

            List<Action> answers;
            bool isOneOfMany;
            lock (_gate)
            {
                _isReceiving = true;
                session.OnFrame(frames.Current);
                _isReceiving = false;
                tells.AddRange(_tells);
                _tells.Clear();
                answers = TakeAnswers();
                isOneOfMany = session.IsAsked;
            }

            // Where others wait too, their commits are to gather, and their answers must not stand behind one's disk.
            answers.ForEach(isOneOfMany ? LeaveToPool : static answer => answer());
            foreach (var tell in tells)
            {
                await tell; // a full queue holds the stream back
            }

            tells.Clear();
        }
    }

    // The hub's own word is not enough: what it sends has to be signed by the chain's authority.
    private void Learn(ReadOnlySpan<byte> certificate)
    {
        if (Trust is { } trust && !trust.Learn(certificate))
        {
            log.LogWarning("The hub sent a certificate that is not one of this chain's hubs; it is passed over.");
        }
    }

    private static void LeaveToPool(Action answer) => ThreadPool.UnsafeQueueUserWorkItem(static answer => answer(), answer, preferLocal: false);

    // Under the gate.
    private List<Action> TakeAnswers()
    {
        List<Action> answers = [.. _answers];
        _answers.Clear();
        return answers;
    }

    private async Task SendAsync(V1.AgentFrame hello, IClientStreamWriter<V1.AgentFrame> stream)
    {
        _stream = stream;
        using var ended = _ended.Token.UnsafeRegister(static self => ((HubConnection)self!).Wake(), this);
        _silence.OnSent(hello);
        await stream.WriteAsync(hello, _ended.Token);
        await SendWaitingAsync();
        await _sent.Task;
    }

    // Whoever has something looks whether somebody sends, and whoever has sent looks whether something came meanwhile: one of them sees the other.
    private bool BeginToSend() => Interlocked.Increment(ref _reasons) == 1;

    // One frame, that of whoever waits; the rest, which may be a backlog, is the pool's.
    private async Task SendHereAsync()
    {
        try
        {
            var seen = Volatile.Read(ref _reasons);
            await SendNextAsync();
            WakeForHeldOps(_session!);
            if (_session is { MayHaveMore: true } || Interlocked.Add(ref _reasons, -seen) != 0)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
        }
        catch (Exception fault)
        {
            _sent.TrySetException(fault); // and nobody sends any more
        }
    }

    private async Task SendWaitingAsync()
    {
        try
        {
            int seen;
            do
            {
                seen = Volatile.Read(ref _reasons);
                while (await SendNextAsync())
                {
                    // One after the other.
                }

                WakeForHeldOps(_session!);
            }
            while (Interlocked.Add(ref _reasons, -seen) != 0);
        }
        catch (Exception fault)
        {
            _sent.TrySetException(fault);
        }
    }

    private async ValueTask<bool> SendNextAsync()
    {
        _ended.Token.ThrowIfCancellationRequested();
        if (Next(_session!) is not { } frame)
        {
            return false;
        }

        _silence.OnSent(frame);
        await _stream!.WriteAsync(frame, _ended.Token);
        return true;
    }

    private V1.AgentFrame? Next(HubSession session)
    {
        lock (_gate)
        {
            TellLogged();
            var frame = session.NextFrame(holdsOps: time.GetElapsedTime(_batchAt) < BetweenBatches);
            _batchAt = frame?.OpBatch is null ? _batchAt : time.GetTimestamp();
            return frame;
        }
    }

    // Under the gate.
    private void TellLogged()
    {
        if (Interlocked.Read(ref _logged) is > 0 and var logged && _session is { } session && logged > session.TipSequence)
        {
            session.OnLogged(logged);
        }
    }

    private void WakeForHeldOps(HubSession session)
    {
        lock (_gate)
        {
            if (!session.HoldsOps || _wakesLater)
            {
                return;
            }

            _wakesLater = true;
        }

        _ = WakeAsync(BetweenBatches - time.GetElapsedTime(_batchAt));
    }

    private async Task WakeAsync(TimeSpan delay)
    {
        await Task.Delay(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, time, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            _wakesLater = false;
        }

        Wake();
    }

    private async Task BeatAsync(HubSession session)
    {
        using var timer = new PeriodicTimer(BeatInterval, time);
        while (await timer.WaitForNextTickAsync(_ended.Token))
        {
            lock (_gate)
            {
                if (_silence.IsTooLong(owesAcks: session.Backlog > 0))
                {
                    throw new HubConnectionException("The hub has been silent for too long.");
                }

                session.Beat();
            }
        }
    }
}
