using System.Net;
using System.Net.Sockets;

namespace SyncHub.Faults.Tests;

/// <summary>The line between one agent and the hub: a TCP relay that delays, swallows and resets.</summary>
/// <remarks>Thread-safe. Bytes that a silent line has swallowed are gone: leaving silence resets its connections, because TCP never skips any.</remarks>
internal sealed class Line : IAsyncDisposable
{
    private const int BufferBytes = 16 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Socket> _open = [];
    private readonly Task _accepting;
    private IPEndPoint? _hub;
    private volatile LineState _state;
    private volatile int _delayMs;

    public Line()
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>Where the agent connects to.</summary>
    public int Port { get; }

    /// <summary>Where the hub is; null while there is none: nobody may then connect to its port, which could become that caller's own.</summary>
    public void Pass(IPEndPoint? hub)
    {
        lock (_lock)
        {
            _hub = hub;
        }
    }

    /// <summary>Changes how it carries.</summary>
    public void Set(LineState state, int delayMs = 0)
    {
        Socket[] broken = [];
        lock (_lock)
        {
            if (state == LineState.Cut || _state == LineState.Silent)
            {
                broken = [.. _open];
                _open.Clear();
            }

            (_state, _delayMs) = (state, delayMs);
        }

        foreach (var socket in broken)
        {
            Reset(socket);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Set(LineState.Cut);
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var carried = new List<Task>();
        try
        {
            while (true)
            {
                var agent = await _listener.AcceptSocketAsync(_stop.Token);
                carried.RemoveAll(task => task.IsCompletedSuccessfully);
                carried.Add(CarryAsync(agent));
            }
        }
        catch (Exception error) when (_stop.IsCancellationRequested && error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It is being disposed of.
        }

        await Task.WhenAll(carried);
    }

    private async Task CarryAsync(Socket agent)
    {
        using var hub = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (Enter(agent, hub) is { } to)
            {
                await hub.ConnectAsync(to, _stop.Token);
                agent.NoDelay = hub.NoDelay = true;
                await await Task.WhenAny(PumpAsync(agent, hub), PumpAsync(hub, agent)); // HTTP/2 has no use for half a connection
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // A connection that breaks is what this type is for; both ends notice by the resets below.
        }

        lock (_lock)
        {
            _open.Remove(agent);
            _open.Remove(hub);
        }

        Reset(agent);
        Reset(hub);
    }

    private IPEndPoint? Enter(Socket agent, Socket hub)
    {
        lock (_lock)
        {
            if (_hub is null || _state == LineState.Cut)
            {
                return null;
            }

            _open.Add(agent);
            _open.Add(hub);
            return _hub;
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[BufferBytes];
        while (await from.ReceiveAsync(buffer, _stop.Token) is > 0 and var count)
        {
            if (_delayMs is > 0 and var delay)
            {
                await Task.Delay(delay, _stop.Token);
            }

            for (var sent = 0; sent < count && _state != LineState.Silent;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _stop.Token);
            }
        }
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
