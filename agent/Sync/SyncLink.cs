using Grpc.Core;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;
using SyncHub.Agent.Engine;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Primitives;
using SyncHub.Core.Tills;
using SyncHub.Protos.Mapping;
using SyncHub.Protos.Trust;

namespace SyncHub.Agent.Sync;

/// <summary>Keeps a connection to a hub as long as the agent lives: connects, and after each end connects again, to the next hub where there are several, with exponential back-off and jitter.</summary>
/// <remarks>
/// Thread rule: its members from any thread. Crash rule: it keeps nothing that the journal does not have.
/// Nothing that the network or the hub does ends it: the one catch is around a connection.
/// </remarks>
public sealed class SyncLink : IHubLink, IAsyncDisposable
{
    private static readonly TimeSpan RenewalInterval = TimeSpan.FromSeconds(5); // a look at a date
    private static readonly TimeSpan ReplySlack = TimeSpan.FromMilliseconds(200); // beyond the hub's own deadline, for the way back

    private readonly AgentLoop _loop;
    private readonly StoreIdentity _identity;
    private readonly IHubFloor _floor;
    private readonly KeyHolder _keys;
    private readonly HubRota _rota;
    private readonly CertificateRenewal _renewal;
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private volatile HubConnection? _connection;
    private volatile string _hub;
    private long _connectionNumber;
    private long _offlineSinceMs;
    private string _refusal = "";
    private Task _running = Task.CompletedTask;

    /// <summary>A link that does nothing before <see cref="Start"/>.</summary>
    internal SyncLink(AgentLoop loop, StoreIdentity identity, KeyHolder keys, AgentOptions options, TimeProvider time, ILogger log)
    {
        _loop = loop;
        _identity = identity;
        _keys = keys;
        _rota = new HubRota(options.HubAddresses);
        _hub = _rota.Current;
        _floor = HubChannel.FloorOf(options.DataDirectory);
        _renewal = new CertificateRenewal(identity, _floor, keys, options.HubMessageKib, time, log);
        _options = options;
        _time = time;
        _log = log;
        _offlineSinceMs = loop.NowMs;
        loop.Logged += OnLogged;
        loop.NewsLost += OnNewsLost;
    }

    /// <inheritdoc/>
    public bool IsOnline => _connection is { IsLive: true };

    /// <inheritdoc/>
    public bool HubKnowsUnfollow => _connection is { HubKnowsUnfollow: true };

    /// <inheritdoc/>
    public long OfflineSinceMs => IsOnline ? 0 : Interlocked.Read(ref _offlineSinceMs);

    /// <summary>Books what headquarters orders; set before <see cref="Start"/>.</summary>
    internal Func<V1.StoreOrder, Task<V1.StoreOrderReply?>>? Orders { get; set; }

    private TimeSpan LookUpDeadline => TimeSpan.FromMilliseconds(_options.LookUpDeadlineMs);

    /// <summary>Starts to connect.</summary>
    public void Start() => _running = Task.WhenAll(Task.Run(() => RunAsync(_stopping.Token)), Task.Run(() => RenewAsync(_stopping.Token)));

    /// <inheritdoc/>
    public async Task<HubNews?> IdentifyAsync(V1.IdentifyRequest request) =>
        _connection is { IsLive: true } connection
            ? await connection.AskAsync(number => new V1.AgentFrame { Identify = Filled(request, number, connection) }, LookUpDeadline)
            : null;

    /// <inheritdoc/>
    public async Task<HubNews?> AskRightsAsync(MemberId member, IReadOnlyList<GrantTarget> wanted)
    {
        if (_connection is not { IsLive: true } connection)
        {
            return null;
        }

        var request = new V1.RightsRequest
        {
            Nonce = connection.Nonce,
            Member = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(member.ToBytes()),
            Reason = V1.RightsReason.Checkout,
            DeadlineMs = _options.CheckoutDeadlineMs,
        };
        request.Targets.AddRange(wanted.Select(target => new V1.RightsTarget { Bucket = BucketCodec.ToWire(target.Bucket), GrantedTarget = target.Granted }));
        return await connection.AskAsync(number => new V1.AgentFrame { RightsRequest = Numbered(request, number) }, TimeSpan.FromMilliseconds(_options.CheckoutDeadlineMs) + ReplySlack);
    }

    /// <inheritdoc/>
    public async Task<HubNews?> AskRefundRightAsync(OpId op, long since) =>
        _connection is { IsLive: true } connection
            ? await connection.AskAsync(number => new V1.AgentFrame { RefundRightRequest = new V1.RefundRightRequest { Nonce = connection.Nonce, Request = number, Op = OpIdCodec.ToWire(op), Since = since } }, LookUpDeadline)
            : null;

    /// <inheritdoc/>
    public async Task<HubNews?> HandInAsync(V1.OutOfBandOp receipt) =>
        _connection is { IsLive: true } connection && await connection.AskAsync(number => HandInQueue.FrameOf(connection.Nonce, number, receipt), LookUpDeadline) is { } news
            ? news with { HandedIn = ReceiptCodec.HashOf(receipt) }
            : null;

    /// <summary>Closes the connection; what was not sent is sent after the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        _loop.Logged -= OnLogged;
        _loop.NewsLost -= OnNewsLost;
        await _stopping.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        var retries = new ResiliencePipelineBuilder { TimeProvider = _time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = _ => ValueTask.FromResult(!stopping.IsCancellationRequested),
                MaxRetryAttempts = int.MaxValue,
                DelayGenerator = static retry => ValueTask.FromResult<TimeSpan?>(HubBackoff.After(retry.AttemptNumber, Random.Shared.NextDouble())),
            })
            .Build();
        while (!stopping.IsCancellationRequested)
        {
            // Each time this returns, a connection had lived for a while: the next delay starts small again.
            await retries.ExecuteAsync(async token =>
            {
                if (await CallRoundAsync(token) is { } fault)
                {
                    throw new HubConnectionException("The hub cannot be reached.", fault);
                }

                return true;
            }, stopping);
        }
    }

    private async Task RenewAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(RenewalInterval, _time);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            if (IsOnline)
            {
                await _renewal.RunIfDueAsync(_hub, stopping);
            }
        }
    }

    /// <summary>Calls each hub until one has kept a connection for a while. Returns why none did, or null.</summary>
    private async Task<Exception?> CallRoundAsync(CancellationToken stopping)
    {
        _rota.BeginRound();
        while (true)
        {
            _hub = _rota.Current;
            var end = await ConnectOnceAsync(_hub, leaderOnly: _rota.HasOthers, stopping);
            if (end.Fault is null || end.WantsTheSame)
            {
                return null;
            }

            if (HubRefusal.StandsBy(end.Fault))
            {
                _rota.NoteStandby();
            }

            if (end.HadLived)
            {
                _rota.MoveOn(); // it may be gone, and another one lead
                return null;
            }

            if (!_rota.MoveOn(HubRefusal.LeaderIn(end.Fault)))
            {
                return _rota.Forwarder is { } forwarder ? await ConnectThroughAsync(forwarder, stopping) : end.Fault;
            }

            await Task.Delay(HubBackoff.WithinRound(Random.Shared.NextDouble()), _time, stopping);
        }
    }

    // None of those that can be reached from here leads: one that stands by forwards to whoever does.
    private async Task<Exception?> ConnectThroughAsync(string forwarder, CancellationToken stopping)
    {
        while (true)
        {
            _hub = forwarder;
            var end = await ConnectOnceAsync(forwarder, leaderOnly: false, stopping);
            if (end is not { Fault: not null, WantsTheSame: true })
            {
                return end.HadLived ? null : end.Fault;
            }
        }
    }

    /// <summary>One connection from Hello to its end.</summary>
    private async Task<ConnectionEnd> ConnectOnceAsync(string hub, bool leaderOnly, CancellationToken stopping)
    {
        var started = _time.GetTimestamp();
        var wasWelcomed = false;
        var wantsAnother = false;
        HubTrust? trust = null;
        try
        {
            _keys.Refresh();
            var key = _keys.Current;
            // A channel for each connection: a pooled one could go on to use a TCP connection that is dead without knowing it.
            using var channel = HubChannel.Open(hub, _options.HubMessageKib, _identity, _floor, key, out trust);
            var connection = new HubConnection(++_connectionNumber, _loop, key, _identity.InCell, _time, _log, Orders) { Trust = trust, LeaderOnly = leaderOnly, LongestSilence = _options.LongestHubSilence };
            _connection = connection;
            try
            {
                await connection.RunAsync(new V1.Sync.SyncClient(channel), stopping);
            }
            finally
            {
                wasWelcomed = connection.WasWelcomed;
                wantsAnother = connection.WantsAnother;
                _connection = null;
            }
        }
        catch (Exception fault)
        {
            if (stopping.IsCancellationRequested)
            {
                return default;
            }

            Note(hub, fault, wasWelcomed, trust);
            return new ConnectionEnd(fault, wasWelcomed && _time.GetElapsedTime(started) > HubBackoff.LongestDelay, wantsAnother);
        }

        return default;
    }

    private void Note(string hub, Exception fault, bool wasWelcomed, HubTrust? trust)
    {
        if (wasWelcomed)
        {
            Interlocked.Exchange(ref _offlineSinceMs, _loop.NowMs);
        }

        // What a person must mend is said once, and again when it changes.
        var refusal = trust is { Refusal.Length: > 0 } ? $"The hub at {hub} is not trusted: {trust.Refusal}"
            : fault is RpcException { StatusCode: StatusCode.Unauthenticated or StatusCode.PermissionDenied } refused ? $"The hub does not let this machine in: {refused.Status.Detail}"
            : "";
        if (refusal.Length > 0 && refusal != _refusal)
        {
            _log.LogError("{Refusal} The store goes on alone; the agent keeps trying.", refusal);
        }

        _refusal = refusal;
        // The first failure is news; the hundredth of a long outage is not.
        _log.Log(wasWelcomed || (_connectionNumber == 1 && !HubRefusal.IsOfAnother(fault)) ? LogLevel.Warning : LogLevel.Debug,
            "No connection to the hub at {Hub}: {Reason} The store goes on alone; the agent keeps trying.", hub, fault.Message);
    }

    private void OnLogged(long sequence)
    {
        _connection?.OnLogged(sequence);
    }

    private void OnNewsLost(long connectionNumber)
    {
        if (_connection is { } connection && connection.Number <= connectionNumber)
        {
            connection.Abandon();
        }
    }

    private static V1.IdentifyRequest Filled(V1.IdentifyRequest request, long number, HubConnection connection)
    {
        request.Request = number;
        request.Nonce = connection.Nonce;
        return request;
    }

    private static V1.RightsRequest Numbered(V1.RightsRequest request, long number)
    {
        request.Request = number;
        return request;
    }

    // Fault: null where the agent is stopping. WantsTheSame: the next connection should come at once, to the same hub.
    private readonly record struct ConnectionEnd(Exception? Fault, bool HadLived, bool WantsTheSame);
}

/// <summary>A connection to the hub ended or never came about.</summary>
public sealed class HubConnectionException(string message, Exception? inner = null) : Exception(message, inner);
