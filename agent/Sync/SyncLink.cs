using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;
using SyncHub.Agent.Engine;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Primitives;
using SyncHub.Core.Tills;
using SyncHub.Protos.Mapping;

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
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan IdentifyDeadline = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan ReplySlack = TimeSpan.FromMilliseconds(200); // beyond the hub's own deadline, for the way back

    private readonly AgentLoop _loop;
    private readonly StoreIdentity _identity;
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private volatile HubConnection? _connection;
    private long _connectionNumber;
    private long _offlineSinceMs;
    private Task _running = Task.CompletedTask;

    /// <summary>A link that does nothing before <see cref="Start"/>.</summary>
    public SyncLink(AgentLoop loop, StoreIdentity identity, AgentOptions options, TimeProvider time, ILogger log)
    {
        _loop = loop;
        _identity = identity;
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
    public void Start() => _running = Task.Run(() => RunAsync(_stopping.Token));

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

    /// <summary>One connection from Hello to its end. Returns why it counts as failed, or null where it had lived long enough.</summary>
    private async Task<Exception?> ConnectOnceAsync(CancellationToken stopping)
    {
        var started = _time.GetTimestamp();
        var wasWelcomed = false;
        var wantsAnother = false;
        try
        {
            using var channel = OpenChannel();
            var connection = new HubConnection(++_connectionNumber, _loop, _identity, _time, _log);
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

            Note(fault, wasWelcomed);
            return wantsAnother || (wasWelcomed && _time.GetElapsedTime(started) > LongestDelay) ? null : fault;
        }

        return null;
    }

    private void Note(Exception fault, bool wasWelcomed)
    {
        if (wasWelcomed)
        {
            Interlocked.Exchange(ref _offlineSinceMs, _loop.NowMs);
        }

        // The first failure is news; the hundredth of a long outage is not.
        _log.Log(wasWelcomed || _connectionNumber == 1 ? LogLevel.Warning : LogLevel.Debug,
            "No connection to the hub at {Hub}: {Reason} The store goes on alone; the agent keeps trying.", _options.HubAddress, fault.Message);
    }

    // A channel for each connection: a pooled one could go on to use a TCP connection that is dead without knowing it.
    private GrpcChannel OpenChannel()
    {
        var handler = HubChannel.CreateHandler(_options.CaCertificateFile);
        handler.ConnectTimeout = ConnectTimeout;
        return GrpcChannel.ForAddress(_options.HubAddress, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
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

/// <summary>How the hub is reached.</summary>
internal static class HubChannel
{
    /// <summary>A handler that trusts the system's authorities, or only the one in a file.</summary>
    public static SocketsHttpHandler CreateHandler(string caCertificateFile)
    {
        var handler = GrpcHttpHandler.Create();
        if (caCertificateFile.Length > 0)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPemFile(caCertificateFile);
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }

        return handler;
    }
}
