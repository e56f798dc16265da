using Grpc.AspNetCore.Server.Internal;
using Microsoft.AspNetCore.Connections;
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

    /// <summary>Sets Kestrel up for gRPC: readers of any pace, windows of 1 MiB per stream and 4 MiB per connection, 1000 streams
    /// per connection, and a ping every 30 s that finds dead connections within 20 s more. Change what does not fit after the call.</summary>
    /// <remarks>The limits on the size and, for streams, the rate of a request body are lifted for each gRPC call by itself, so that
    /// other endpoints of the same server keep theirs.</remarks>
    public static KestrelServerOptions ConfigureForGrpc(this KestrelServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var limits = options.Limits;

        // A client that reads slowly holds its stream back by the window; Kestrel would take that for an attack and cut it.
        // HTTP/2 has this limit for the whole server only.
        limits.MinResponseDataRate = null;
        limits.Http2.InitialStreamWindowSize = StreamWindowBytes;
        limits.Http2.InitialConnectionWindowSize = ConnectionWindowBytes;
        limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        limits.Http2.KeepAlivePingDelay = PingDelay;
        limits.Http2.KeepAlivePingTimeout = PingTimeout;
        return options;
    }

    /// <summary>Closes connections of this listener that are older than <paramref name="maxAge"/>, each when the last gRPC call on it ends, so
    /// that clients spread over servers that were added later. Clients open a new one by themselves.</summary>
    public static ListenOptions UseGrpcConnectionAge(this ListenOptions listen, TimeSpan maxAge)
    {
        ArgumentNullException.ThrowIfNull(listen);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(maxAge, TimeSpan.Zero);
        ConnectionAge.Use();
        listen.Use(next => connection =>
        {
            connection.Features.Set(new ConnectionAge(connection, maxAge, TimeProvider.System));
            return next(connection);
        });
        return listen;
    }
}
