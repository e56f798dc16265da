using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Closes one connection when the last call on it ends and it is old. A feature of the connection, found by each call.</summary>
/// <remarks>Kestrel sends its last GOAWAY without waiting for calls that are on their way, so with several in flight some would fail. Nor
/// is a connection closed that has no call at all: a client of the C++ family does not read its socket then, meets the GOAWAY with its
/// next call, and fails that one. At the end of the only call the client is reading and has nothing else under way.</remarks>
internal sealed class ConnectionAge(ConnectionContext connection, TimeSpan maxAge, TimeProvider time)
{
    private readonly IConnectionLifetimeNotificationFeature? _lifetime = connection.Features.Get<IConnectionLifetimeNotificationFeature>();
    private readonly long _opened = time.GetTimestamp();
    private static volatile bool s_isUsed;
    private int _calls;

    /// <summary>The age of a request's connection; null where its listener has no limit. Looking for it costs a walk over the connection's features, which a process that
    /// limits none is spared.</summary>
    public static ConnectionAge? Of(HttpContext http) => s_isUsed ? http.Features.Get<ConnectionAge>() : null;

    /// <summary>Says that some listener of this process has a limit.</summary>
    public static void Use() => s_isUsed = true;

    public void Enter() => Interlocked.Increment(ref _calls);

    public void Leave()
    {
        if (Interlocked.Decrement(ref _calls) == 0 && time.GetElapsedTime(_opened) > maxAge)
        {
            _lifetime?.RequestClose();
        }
    }
}
