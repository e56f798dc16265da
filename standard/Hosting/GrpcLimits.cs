using System.Globalization;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Grpc.Standard;

/// <summary>What a process bears at its gRPC door, from anybody. Faults name the command line's flags.</summary>
/// <remarks>The limits on headers, idle connections and pings are Kestrel's, so they hold for every door of the process.</remarks>
public sealed record GrpcLimits
{
    private const int BytesPerKib = 1024;
    private const int LargestMessageKib = 1024 * 1023; // what one array holds, and the frame around it

    /// <summary>The largest message that is taken, KiB, also after decompression. A larger one ends its call with RESOURCE_EXHAUSTED.</summary>
    public int MaxMessageKib { get; init; } = 4096;

    /// <summary>The largest message that is sent, KiB. The official clients take 4 MiB. A larger one ends its call with RESOURCE_EXHAUSTED.</summary>
    public int MaxReplyKib { get; init; } = 4096;

    /// <summary>The smallest <see cref="MaxMessageKib"/> and <see cref="MaxReplyKib"/> with which this process can do its work.</summary>
    public int LeastMessageKib { get; init; } = 1;

    /// <summary>Calls under way on one connection. More are refused with REFUSED_STREAM; clients of gRPC wait, or open another connection.</summary>
    public int MaxStreams { get; init; } = 1000;

    /// <summary>All headers of one request, KiB. More is answered with HTTP 431; more than twice as much in one header closes the connection.</summary>
    public int MaxHeaderKib { get; init; } = 32;

    /// <summary>After so many seconds a connection without a call is closed.</summary>
    public int IdleSeconds { get; init; } = 130;

    /// <summary>After so many seconds without a byte from the other side a connection is pinged; 0 = never.</summary>
    public int PingSeconds { get; init; } = 30;

    /// <summary>After so many seconds without an answer to a ping the connection is closed, and its calls are cancelled.</summary>
    public int PingTimeoutSeconds { get; init; } = 20;

    /// <summary>A TLS handshake, and the headers of a request, that take longer cost their sender the connection.</summary>
    public int RequestSeconds { get; init; } = 30;

    /// <summary>A body that after so many seconds has come slower than <see cref="SlowestBodyRate"/> costs its sender the connection; streams may be as slow as they like.</summary>
    public int SlowBodySeconds { get; init; } = 5;

    /// <summary>Bytes a second: no line that serves people is as slow.</summary>
    public const int SlowestBodyRate = 240;

    /// <summary>All that is wrong, each with its flag.</summary>
    public IEnumerable<string> FindFaults()
    {
        (string Flag, int Value, int Least, int Most)[] bounds =
        [
            ("--max-message-kib", MaxMessageKib, LeastMessageKib, LargestMessageKib),
            ("--max-reply-kib", MaxReplyKib, LeastMessageKib, LargestMessageKib),
            ("--max-streams", MaxStreams, 1, 100_000),
            ("--max-header-kib", MaxHeaderKib, 4, 1024),
            ("--idle-seconds", IdleSeconds, 1, 86_400),
            ("--ping-seconds", PingSeconds, 0, 86_400),
            ("--ping-timeout-seconds", PingTimeoutSeconds, 1, 3600),
            ("--request-seconds", RequestSeconds, 1, 3600),
            ("--slow-body-seconds", SlowBodySeconds, 2, 3600),
        ];
        return bounds.Where(bound => bound.Value < bound.Least || bound.Value > bound.Most)
            .Select(bound => string.Create(CultureInfo.InvariantCulture, $"{bound.Flag}: {bound.Least} to {bound.Most}."));
    }

    /// <summary>Sets up the web server.</summary>
    public void ApplyTo(KestrelServerOptions kestrel)
    {
        ArgumentNullException.ThrowIfNull(kestrel);
        var limits = kestrel.ConfigureForGrpc().Limits;
        limits.Http2.MaxStreamsPerConnection = MaxStreams;
        limits.MaxRequestHeadersTotalSize = MaxHeaderKib * BytesPerKib;

        // Above the total, or a single large header would cost its sender the connection where an answer says what is wrong.
        limits.Http2.MaxRequestHeaderFieldSize = 2 * limits.MaxRequestHeadersTotalSize;
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(IdleSeconds);
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(RequestSeconds);
        limits.MinRequestBodyDataRate = new MinDataRate(SlowestBodyRate, TimeSpan.FromSeconds(SlowBodySeconds));
        kestrel.ConfigureHttpsDefaults(tls => tls.HandshakeTimeout = TimeSpan.FromSeconds(RequestSeconds));
        limits.Http2.KeepAlivePingDelay = PingSeconds == 0 ? TimeSpan.MaxValue : TimeSpan.FromSeconds(PingSeconds);
        limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(PingTimeoutSeconds);
    }

    /// <summary>Sets up the services.</summary>
    public void ApplyTo(GrpcServiceOptions grpc)
    {
        ArgumentNullException.ThrowIfNull(grpc);
        grpc.MaxReceiveMessageSize = checked(MaxMessageKib * BytesPerKib);
        grpc.MaxSendMessageSize = checked(MaxReplyKib * BytesPerKib);
    }
}
