using System.Text;
using SyncHub.Protos.Trust;

namespace SyncHub.Hub.Forwarding;

/// <summary>The connection to the hub that leads over which the calls of one caller's connection go on.</summary>
/// <remarks>One for each: what a caller does to its connection, slow bodies or a flood of resets, it does to no other caller's. Thread-safe.</remarks>
internal sealed class LeaderLine : IDisposable
{
    // A machine that is gone closes nothing; who calls hears of it within the time of two pings, as it would at the leader's own door.
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(5);

    private readonly HttpMessageInvoker _invoker;
    private readonly CancellationTokenSource _ended;
    private readonly HubTrust _trust;
    private int _isDisposed;

    /// <summary>A line that connects with its first call.</summary>
    /// <param name="leader">Who leads.</param>
    public LeaderLine(KnownLeader leader)
    {
        Leader = leader;
        _ended = CancellationTokenSource.CreateLinkedTokenSource(leader.Replaced);
        Ended = _ended.Token;
        var handler = leader.CreateHandler(out _trust);
        handler.EnableMultipleHttp2Connections = false; // the caller's connection is one, too
        handler.ConnectTimeout = ConnectPatience;
        handler.KeepAlivePingDelay = PingDelay;
        handler.KeepAlivePingTimeout = PingDelay;
        handler.RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8;
        handler.ResponseHeaderEncodingSelector = static (_, _) => Encoding.UTF8;
        _invoker = new HttpMessageInvoker(handler);
    }

    /// <summary>Where it goes.</summary>
    public KnownLeader Leader { get; }

    /// <summary>Cancelled when the caller has gone, or another hub leads.</summary>
    public CancellationToken Ended { get; }

    /// <summary>Why the leader's certificate was not taken; empty where it was.</summary>
    public string Refusal => _trust.Refusal;

    /// <summary>Sends a request; completes when the answer begins.</summary>
    /// <exception cref="HttpRequestException">It does not answer.</exception>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation) => _invoker.SendAsync(request, cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _ended.Cancel();
            _invoker.Dispose();
            _ended.Dispose();
        }
    }
}
