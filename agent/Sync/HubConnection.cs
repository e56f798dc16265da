using System.Security.Cryptography;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using SyncHub.Agent.Engine;
using SyncHub.Core.Identity;
using SyncHub.Core.Primitives;
using SyncHub.Storage;

namespace SyncHub.Agent.Sync;

/// <summary>One connection to the hub: moves the frames of a <see cref="HubSession"/>, until either side or the network ends it.</summary>
/// <remarks>
/// Three tasks: one receives, one sends, one beats and listens for silence. The first to end ends the others.
/// Thread rule: <see cref="AskAsync"/>, <see cref="OnLogged"/> and <see cref="Abandon"/> from any thread; the session is locked.
/// </remarks>
internal sealed class HubConnection(long number, AgentLoop loop, ILogSigner? signer, Cell cell, TimeProvider time, ILogger log, Func<V1.StoreOrder, Task<V1.StoreOrderReply?>>? orders = null) : ISessionShell
{
    private const int NonceBytes = 16;
    internal static readonly TimeSpan BeatInterval = TimeSpan.FromSeconds(2);

    // Of a till that sells and sells, twenty sales go up in one frame, signed once, and not each in its own. The first one after a pause leaves at once.
    private static readonly TimeSpan BetweenBatches = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _ended = new(); // never disposed of: it has no timer, and late callers may still cancel it
    private readonly List<Task> _tells = [];
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
        using var call = client.Link(cancellationToken: _ended.Token);
        _session = session;
        Task[] tasks = [ReceiveAsync(session, call.ResponseStream), SendAsync(session, session.Hello(self.PolicyVersion, cell), call.RequestStream), BeatAsync(session)];
        var first = await Task.WhenAny(tasks);
        Abandon();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            session.OnEnded();
        }

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
        var done = new TaskCompletionSource<HubNews?>(TaskCreationOptions.RunContinuationsAsynchronously);
        long ask;
        lock (_gate)
        {
            if (_session is not { IsLive: true } session)
            {
                return null;
            }

            ask = session.Ask(frame, news => done.TrySetResult(news));
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
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <inheritdoc/>
    public void Tell(AgentCommand command) => _tells.Add(loop.TellAsync(command, _ended.Token).AsTask());

    /// <inheritdoc/>
    public void Ask(AgentCommand command, Action<EngineReply> then)
    {
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

    private async Task ContinueAsync(Task<EngineReply> asked, Action<EngineReply> then)
    {
        try
        {
            var reply = await asked;
            lock (_gate)
            {
                then(reply);
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
            lock (_gate)
            {
                session.OnFrame(frames.Current);
                tells.AddRange(_tells);
                _tells.Clear();
            }

            foreach (var tell in tells)
            {
                await tell; // a full queue holds the stream back
            }

            tells.Clear();
        }
    }

    private async Task SendAsync(HubSession session, V1.AgentFrame hello, IClientStreamWriter<V1.AgentFrame> stream)
    {
        _silence.OnSent(hello);
        await stream.WriteAsync(hello, _ended.Token);
        do
        {
            while (Next(session) is { } frame)
            {
                _silence.OnSent(frame);
                await stream.WriteAsync(frame, _ended.Token);
            }

            WakeForHeldOps(session);
        }
        while (await _wake.Reader.ReadAsync(_ended.Token));
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
