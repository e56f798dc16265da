using Microsoft.AspNetCore.Builder;
using SyncHub.Interop.Matrix;
using SyncHub.Interop.Service;

namespace SyncHub.Grpc.Tests;

/// <summary>The server of the interoperability cases, for one test.</summary>
internal sealed class InteropFixture : IAsyncDisposable
{
    private readonly WebApplication _app;

    private InteropFixture(WebApplication app, int port)
    {
        _app = app;
        Port = port;
    }

    public int Port { get; }

    public static async Task<InteropFixture> StartAsync()
    {
        var port = Peer.FreePort();
        return new InteropFixture(await InteropServer.StartAsync(port, TimeSpan.Zero, CancellationToken.None), port);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
