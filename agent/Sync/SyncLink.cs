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

/// <summary>Keeps a connection to the hub as long as the agent lives: connects, and after each end connects again with exponential back-off and jitter.</summary>
/// <remarks>
/// Thread rule: its members from any thread. Crash rule: it keeps nothing that the journal does not have.
/// Nothing that the network or the hub does ends it: the one catch is around a connection.
/// </remarks>
public sealed class SyncLink : IHubLink, IAsyncDisposable
{
    private static readonly TimeSpan ShortestDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RenewalInterval = TimeSpan.FromSeconds(5); // a look at a date
    private static readonly TimeSpan IdentifyDeadline = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan ReplySlack = TimeSpan.FromMilliseconds(200); // beyond the hub's own deadline, for the way back

    private readonly AgentLoop _loop;
    private readonly StoreIdentity _identity;
    private readonly KeyHolder _keys;
    private readonly CertificateRenewal _renewal;
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private volatile HubConnection? _connection;
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
        _renewal = new CertificateRenewal(options, identity, keys, time, log);
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
    public long OfflineSinceMs => IsOnline ? 0 : Interlocked.Read(ref _offlineSinceMs);

    /// <summary>Starts to connect.</summary>
    public void Start() => _running = Task.WhenAll(Task.Run(() => RunAsync(_stopping.Token)), Task.Run(() => RenewAsync(_stopping.Token)));

    /// <inheritdoc/>
    public async Task<HubNews?> IdentifyAsync(V1.IdentifyRequest request) =>
        _connection is { IsLive: true } connection
            ? await connection.AskAsync(number => new V1.AgentFrame { Identify = Filled(request, number, connection) }, IdentifyDeadline)
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
            ? await connection.AskAsync(number => new V1.AgentFrame { RefundRightRequest = new V1.RefundRightRequest { Nonce = connection.Nonce, Request = number, Op = OpIdCodec.ToWire(op), Since = since } }, IdentifyDeadline)
            : null;

    /// <inheritdoc/>
    public async Task<HubNews?> HandInAsync(V1.OutOfBandOp receipt) =>
        _connection is { IsLive: true } connection
            ? await connection.AskAsync(number => HandInQueue.FrameOf(connection.Nonce, number, receipt), IdentifyDeadline)
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
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = ShortestDelay,
                MaxDelay = LongestDelay,
            })
            .Build();
        while (!stopping.IsCancellationRequested)
        {
            // Each time this returns, a connection had lived for a while: the next delay starts small again.
            await retries.ExecuteAsync(async token =>
            {
                if (await ConnectOnceAsync(token) is { } fault)
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
                await _renewal.RunIfDueAsync(stopping);
            }
        }
    }

    /// <summary>One connection from Hello to its end. Returns why it counts as failed, or null where it had lived long enough.</summary>
    private async Task<Exception?> ConnectOnceAsync(CancellationToken stopping)
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
            using var channel = HubChannel.Open(_options.HubAddress, _identity, key, out trust);
            var connection = new HubConnection(++_connectionNumber, _loop, key, _time, _log);
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
                return null;
            }

            Note(fault, wasWelcomed, trust);
            return wantsAnother || (wasWelcomed && _time.GetElapsedTime(started) > LongestDelay) ? null : fault;
        }

        return null;
    }

    private void Note(Exception fault, bool wasWelcomed, HubTrust? trust)
    {
        if (wasWelcomed)
        {
            Interlocked.Exchange(ref _offlineSinceMs, _loop.NowMs);
        }

        // What a person must mend is said once, and again when it changes.
        var refusal = trust is { Refusal.Length: > 0 } ? $"The hub at {_options.HubAddress} is not trusted: {trust.Refusal}"
            : fault is RpcException { StatusCode: StatusCode.Unauthenticated or StatusCode.PermissionDenied } refused ? $"The hub does not let this machine in: {refused.Status.Detail}"
            : "";
        if (refusal.Length > 0 && refusal != _refusal)
        {
            _log.LogError("{Refusal} The store goes on alone; the agent keeps trying.", refusal);
        }

        _refusal = refusal;
        // The first failure is news; the hundredth of a long outage is not.
        _log.Log(wasWelcomed || _connectionNumber == 1 ? LogLevel.Warning : LogLevel.Debug,
            "No connection to the hub at {Hub}: {Reason} The store goes on alone; the agent keeps trying.", _options.HubAddress, fault.Message);
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
}

/// <summary>A connection to the hub ended or never came about.</summary>
public sealed class HubConnectionException(string message, Exception? inner = null) : Exception(message, inner);
