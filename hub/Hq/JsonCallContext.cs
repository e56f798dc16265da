using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace SyncHub.Hub.Hq;

/// <summary>A JSON call as the handlers of the gRPC services see it, so that both doors have the same handlers.</summary>
/// <param name="http">The call.</param>
/// <param name="what">The method that is called, as in "Members/GetMember". It is named here and not taken from the route's row, so that a route with another method's row is refused.</param>
internal sealed class JsonCallContext(HttpContext http, string what) : ServerCallContext
{
    private readonly Dictionary<object, object> _state = [];

    /// <inheritdoc/>
    protected override string MethodCore => "/synchub.v1." + what;

    /// <inheritdoc/>
    protected override string HostCore => http.Request.Host.ToString();

    /// <inheritdoc/>
    protected override string PeerCore => $"{http.Connection.RemoteIpAddress}:{http.Connection.RemotePort}";

    /// <inheritdoc/>
    protected override DateTime DeadlineCore => DateTime.MaxValue;

    /// <inheritdoc/>
    protected override Metadata RequestHeadersCore { get; } = HeadersOf(http.Request);

    /// <inheritdoc/>
    protected override CancellationToken CancellationTokenCore => http.RequestAborted;

    /// <inheritdoc/>
    protected override Metadata ResponseTrailersCore { get; } = [];

    /// <inheritdoc/>
    protected override Status StatusCore { get; set; }

    /// <inheritdoc/>
    protected override WriteOptions? WriteOptionsCore { get; set; }

    /// <inheritdoc/>
    protected override AuthContext AuthContextCore { get; } = new("", []);

    /// <inheritdoc/>
    protected override IDictionary<object, object> UserStateCore => _state;

    /// <inheritdoc/>
    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;

    /// <inheritdoc/>
    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) => throw new NotSupportedException("A JSON call has nothing to hand on.");

    private static Metadata HeadersOf(HttpRequest request) =>
        request.Headers.Authorization is { Count: > 0 } values ? new Metadata { { "authorization", values.ToString() } } : [];
}
