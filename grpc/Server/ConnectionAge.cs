using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Closes one connection when the last call on it ends and it is old. A feature of the connection, found by each call.</summary>
/// <remarks>Kestrel sends its last GOAWAY without waiting for calls that are on their way, so with several in flight some would fail. Nor
/// is a connection closed that has no call at all: a client of the C++ family does not read its socket then, meets the GOAWAY with its
/// next call, and fails that one. At the end of the only call the client is reading and has nothing else under way.</remarks>
internal sealed class ConnectionAge(ConnectionContext connection, TimeSpan maxAge, TimeProvider time)
{
    private readonly IConnectionLifetimeNotificationFeature? _lifetime = connection.Features.Get<IConnectionLifetimeNotificationFeature>();
    private readonly long _opened = time.GetTimestamp();
    private int _calls;

    public void Enter() => Interlocked.Increment(ref _calls);

    public void Leave()
    {
        if (Interlocked.Decrement(ref _calls) == 0 && time.GetElapsedTime(_opened) > maxAge)
        {
            _lifetime?.RequestClose();
        }
    }
}
