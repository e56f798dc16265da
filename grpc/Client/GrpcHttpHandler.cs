namespace Grpc.Net.Client;

/// <summary>Makes HTTP handlers that suit gRPC. Not part of the official packages.</summary>
public static class GrpcHttpHandler
{
    private const int StreamWindowBytes = 1024 * 1024;

    // Official servers close a connection that pings more often than every five minutes ("too_many_pings").
    private static readonly TimeSpan ForeignServerPingDelay = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(20);

    /// <summary>A new handler: no proxy, redirects or cookies, more connections when one has no free stream, windows of 1 MiB,
    /// and a ping after five minutes without traffic. Change what does not fit, such as <c>SslOptions</c>, or
    /// <c>KeepAlivePingDelay</c> where the server is known to allow it.</summary>
    public static SocketsHttpHandler Create() => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        EnableMultipleHttp2Connections = true,
        InitialHttp2StreamWindowSize = StreamWindowBytes,
        KeepAlivePingDelay = ForeignServerPingDelay,
        KeepAlivePingTimeout = PingTimeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
    };
}
