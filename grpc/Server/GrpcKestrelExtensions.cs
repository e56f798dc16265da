using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>Limits that Kestrel must have for long-lived gRPC streams. Not part of the official packages.</summary>
public static class GrpcKestrelExtensions
{
    private const int StreamWindowBytes = 1024 * 1024;
    private const int ConnectionWindowBytes = 4 * StreamWindowBytes;
    private const int StreamsPerConnection = 1000;
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Sets Kestrel up for gRPC: streams of any length and any pace, windows of 1 MiB per stream and 4 MiB per
    /// connection, 1000 streams per connection, and a ping every 30 s that finds dead connections within 20 s more.
    /// Change what does not fit after the call.</summary>
    /// <remarks>These are limits of the whole server. Other endpoints on it lose Kestrel's body-size and body-rate
    /// limits with it; an endpoint can have its own (<c>RequestSizeLimit</c>).</remarks>
    public static KestrelServerOptions ConfigureForGrpc(this KestrelServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var limits = options.Limits;

        // The default of 30 MB counts a whole client stream; the limit here is per message.
        limits.MaxRequestBodySize = null;

        // An idle stream, or a reader that is slow on purpose, has no rate to speak of.
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.Http2.InitialStreamWindowSize = StreamWindowBytes;
        limits.Http2.InitialConnectionWindowSize = ConnectionWindowBytes;
        limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        limits.Http2.KeepAlivePingDelay = PingDelay;
        limits.Http2.KeepAlivePingTimeout = PingTimeout;
        return options;
    }
}
