using System.Net;
using System.Net.Sockets;

namespace SyncHub.Storage.Tests.Postgres;

/// <summary>A line to the database that can be cut at the worst moment: after the question has arrived, before its answer has left.</summary>
internal sealed class CutLine : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<TcpClient> _clients = [];
    private readonly List<TcpClient> _abandoned = [];
    private readonly int _port;
    private volatile bool _swallowsAnswers;
    private volatile TaskCompletionSource _swallowed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public CutLine(int port)
    {
        _port = port;
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>From now on the next answer of the database is not passed on; its connection is cut instead. Completes when that has happened.</summary>
    public Task CutNextAnswerAsync()
    {
        _swallowed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _swallowsAnswers = true;
        return _swallowed.Task;
    }

    /// <summary>Cuts every client's end and leaves the database's end as it is: the database goes on as if somebody still listened.</summary>
    public void Abandon()
    {
        lock (_clients)
        {
            _clients.ForEach(client => client.Close());
            _clients.Clear();
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _abandoned.ForEach(connection => connection.Dispose());
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = PassAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed: the test is over.
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var near = client;
        var far = new TcpClient { NoDelay = true };
        await far.ConnectAsync(IPAddress.Loopback, _port);
        near.NoDelay = true;
        lock (_clients)
        {
            _clients.Add(near);
        }
        await Task.WhenAny(CopyAsync(near, far, isAnswer: false), CopyAsync(far, near, isAnswer: true));
        lock (_clients)
        {
            // Removed by nobody but Abandon: then the database's end stays open.
            if (_clients.Remove(near))
            {
                far.Dispose();
            }
            else
            {
                _abandoned.Add(far);
            }
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, bool isAnswer)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer) is > 0 and var count)
            {
                if (isAnswer && _swallowsAnswers)
                {
                    _swallowsAnswers = false;
                    _swallowed.SetResult();
                    return;
                }
                await to.GetStream().WriteAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or SocketException)
        {
            // One end is gone; the other one is closed by whoever waits for this copy.
        }
    }
}
