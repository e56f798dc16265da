using System.Net;
using System.Net.Sockets;

namespace SyncHub.Demo.Links;

/// <summary>What a connection meets on a link that is cut.</summary>
public enum LinkLoss
{
    /// <summary>It is reset at once, as by a router that knows that the line is down.</summary>
    Refuse,

    /// <summary>It is taken and never answered, as by a line that swallows everything.</summary>
    Silence,
}

/// <summary>The line between one store and the hub: a TCP relay that can be cut and healed, so that losing the network is real.</summary>
/// <remarks>
/// Owned by the demo; one per store, on a loopback port of its own. <see cref="Cut"/>, <see cref="Heal"/> and <see cref="Pass"/>
/// may be called from any thread. It knows nothing of what it carries. Bytes that were under way when it is cut are lost.
/// </remarks>
public sealed class LinkProxy : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Socket> _open = [];
    private readonly Task _accepting;
    private IPEndPoint? _hub;
    private LinkLoss? _loss;
    private long _accepted;

    /// <summary>Starts listening; connections are refused until <see cref="Pass"/> says where the hub is.</summary>
    public LinkProxy()
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>The loopback port that the store's agent connects to.</summary>
    public int Port { get; }

    /// <summary>Whether the line is cut.</summary>
    public bool IsCut
    {
        get
        {
            lock (_lock)
            {
                return _loss is not null;
            }
        }
    }

    /// <summary>Connections taken so far, also those that were refused.</summary>
    public long Accepted => Interlocked.Read(ref _accepted);

    /// <summary>Sends what comes from now on to the hub at this address; null while there is no hub.</summary>
    /// <remarks>While no process listens there, nobody may try to connect: on loopback such an attempt can, once in some ten
    /// thousand, get the very port as its own and connect to itself, which would keep the hub from coming back.</remarks>
    public void Pass(IPEndPoint? hub)
    {
        lock (_lock)
        {
            _hub = hub;
        }
    }

    /// <summary>Ends every connection, and all new ones until <see cref="Heal"/>.</summary>
    public void Cut(LinkLoss loss = LinkLoss.Refuse) => Break(loss);

    /// <summary>Lets new connections through. Those that were met with silence end, so that the agent tries again.</summary>
    public void Heal() => Break(null);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Break(LinkLoss.Refuse);
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private void Break(LinkLoss? loss)
    {
        Socket[] open;
        lock (_lock)
        {
            if (_loss is null && loss is null)
            {
                return; // healing what is whole must not break it
            }

            _loss = loss;
            open = [.. _open];
            _open.Clear();
        }

        foreach (var socket in open)
        {
            Reset(socket);
        }
    }

    private async Task AcceptAsync()
    {
        var carried = new List<Task>();
        try
        {
            while (true)
            {
                var store = await _listener.AcceptSocketAsync(_stop.Token);
                Interlocked.Increment(ref _accepted);
                carried.RemoveAll(task => task.IsCompletedSuccessfully);
                carried.Add(CarryAsync(store));
            }
        }
        catch (Exception error) when (_stop.IsCancellationRequested && error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The proxy is being disposed of.
        }

        await Task.WhenAll(carried);
    }

    private async Task CarryAsync(Socket store)
    {
        var hub = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            IPEndPoint? to;
            LinkLoss? loss;
            lock (_lock)
            {
                (to, loss) = (_hub, _loss);
                if (loss is null && to is not null || loss == LinkLoss.Silence)
                {
                    _open.Add(store);
                    _open.Add(hub);
                }
                else
                {
                    to = null;
                }
            }

            if (loss == LinkLoss.Silence)
            {
                // Never read from: what the agent sends piles up in the kernel as on a dead line, until Heal resets the socket.
                return;
            }

            if (to is not null)
            {
                await hub.ConnectAsync(to, _stop.Token);
                store.NoDelay = hub.NoDelay = true;
                // Each direction ends both: HTTP/2 has no use for half a connection.
                await await Task.WhenAny(PumpAsync(store, hub), PumpAsync(hub, store));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // A connection that breaks is what this type is for; both ends notice by the close below.
        }

        End(store);
        End(hub);
    }

    private static async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var count)
            {
                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // As above: the caller ends both ends.
        }
    }

    private void End(Socket socket)
    {
        lock (_lock)
        {
            _open.Remove(socket);
        }

        socket.Dispose(); // with a good-bye, so that what the other end said last still arrives
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0); // RST instead of FIN: a cut line says no good-bye
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }

        socket.Dispose();
    }
}
