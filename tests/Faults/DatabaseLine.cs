using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SyncHub.Faults.Tests;

/// <summary>The line between hubs and their PostgreSQL: it counts what one kind of work sends, and can let its sender die just before or just after one of those statements.</summary>
/// <remarks>Thread-safe. It reads the frontend's messages up to the end of each request, which is what the server answers as one; everything else passes as it comes.</remarks>
internal sealed class DatabaseLine : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;
    private const int HeaderBytes = 5;
    private const int ShownChars = 70;
    private const int PlainVersion = 3;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly int _database;
    private readonly string _beginning;
    private readonly Task _accepting;
    private readonly List<string> _deaths = [];
    private (string Side, int At, Action Kill)? _order;
    private int _orders;
    private bool _isOutlived;

    /// <summary>A line to a server on this machine.</summary>
    /// <param name="database">The server's port.</param>
    /// <param name="beginning">Words of the statement with which the work begins that is counted; it ends with a COMMIT.</param>
    public DatabaseLine(int database, string beginning)
    {
        (_database, _beginning) = (database, beginning);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>Where hubs connect to.</summary>
    public int Port { get; }

    /// <summary>The statements at which senders died, in the order of their deaths.</summary>
    public IReadOnlyList<string> Deaths
    {
        get
        {
            lock (_lock)
            {
                return [.. _deaths];
            }
        }
    }

    /// <summary>Whether work that began under the newest order was brought to its end.</summary>
    public bool IsOutlived
    {
        get
        {
            lock (_lock)
            {
                return _isOutlived;
            }
        }
    }

    /// <summary>"before", 3: whoever next begins that work and sends a third statement of it is killed, and the statement never arrives; "after": it was carried out, and nobody was told.</summary>
    public void Order(string side, int statement, Action kill)
    {
        lock (_lock)
        {
            _order = (side, statement, kill);
            _orders++;
            _isOutlived = false;
        }
    }

    /// <summary>Nobody dies any more.</summary>
    public void Withdraw()
    {
        lock (_lock)
        {
            _order = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
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
                var hub = await _listener.AcceptSocketAsync(_stop.Token);
                carried.RemoveAll(static task => task.IsCompletedSuccessfully);
                carried.Add(CarryAsync(hub));
            }
        }
        catch (Exception error) when (_stop.IsCancellationRequested && error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It is being disposed of.
        }

        await Task.WhenAll(carried);
    }

    private async Task CarryAsync(Socket hub)
    {
        using var database = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using (hub)
        {
            try
            {
                await database.ConnectAsync(IPAddress.Loopback, _database, _stop.Token);
                hub.NoDelay = database.NoDelay = true;
                var connection = new Connection(this, hub, database);
                await await Task.WhenAny(connection.SendAsync(), connection.AnswerAsync());
            }
            catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // One end is gone: so is the other.
            }
        }
    }

    // Whether the sender dies at this statement, and on which side of it.
    private string SideOf(int number, int begunUnder, string statement)
    {
        lock (_lock)
        {
            if (_order is not { } order || order.At != number || begunUnder != _orders)
            {
                return "";
            }

            _deaths.Add($"{order.Side} {number}: {statement[..Math.Min(statement.Length, ShownChars)].ReplaceLineEndings(" ")}");
            return order.Side;
        }
    }

    private int NewestOrder()
    {
        lock (_lock)
        {
            return _orders;
        }
    }

    private void OnEnded(int begunUnder)
    {
        lock (_lock)
        {
            _isOutlived |= begunUnder == _orders;
        }
    }

    private void Kill()
    {
        lock (_lock)
        {
            _order?.Kill();
            _order = null;
        }
    }

    private sealed class Connection(DatabaseLine line, Socket hub, Socket database)
    {
        private readonly MemoryStream _request = new();
        private readonly StringBuilder _statements = new();
        private readonly Dictionary<string, string> _prepared = new(StringComparer.Ordinal);
        private int _number; // of the newest request of the work that is counted; 0: other work
        private int _begunUnder; // the newest order when that work began: one that came in its midst is for the next
        private volatile bool _isWithheld;

        public async Task SendAsync()
        {
            await using var from = new NetworkStream(hub);
            while (!await HasBegunAsync(from))
            {
                // Before the session begins a client may ask for encryption, which this server does not have.
            }

            var header = new byte[HeaderBytes];
            var isAlive = true;
            while (isAlive)
            {
                await from.ReadExactlyAsync(header, line._stop.Token);
                var body = await ReadAsync(from, header.AsMemory(1));
                _request.Write(header);
                _request.Write(body);
                Note(header[0], Encoding.UTF8.GetString(body).Split('\0'));

                isAlive = header[0] is (byte)'P' or (byte)'B' or (byte)'D' or (byte)'E' or (byte)'C' || await PassAsync();
            }

            await Task.Delay(Timeout.Infinite, line._stop.Token); // until the other direction ends
        }

        public async Task AnswerAsync()
        {
            var buffer = new byte[BufferBytes];
            var tail = new byte[6]; // "ready for the next request"
            while (await database.ReceiveAsync(buffer, line._stop.Token) is > 0 and var count)
            {
                if (!_isWithheld)
                {
                    await SendAsync(hub, buffer.AsMemory(0, count));
                    continue;
                }

                var keep = Math.Min(count, tail.Length);
                tail.AsSpan(keep).CopyTo(tail);
                buffer.AsSpan(count - keep, keep).CopyTo(tail.AsSpan(tail.Length - keep));
                if (tail.AsSpan(0, HeaderBytes).SequenceEqual("Z\0\0\0\u0005"u8))
                {
                    line.Kill();
                    return;
                }
            }
        }

        private async Task<bool> HasBegunAsync(NetworkStream from)
        {
            var length = new byte[4];
            await from.ReadExactlyAsync(length, line._stop.Token);
            var body = await ReadAsync(from, length);
            await SendAsync(database, length);
            await SendAsync(database, body);
            return BinaryPrimitives.ReadInt32BigEndian(body) >> 16 == PlainVersion;
        }

        // A statement has its text where it is prepared, and its name alone whenever it is carried out.
        private void Note(byte type, string[] texts)
        {
            if (type == (byte)'P')
            {
                _prepared[texts[0]] = texts[1];
            }
            else if (type is (byte)'B' or (byte)'Q')
            {
                _statements.Append(type == (byte)'Q' ? texts[0] : _prepared.GetValueOrDefault(texts[1], "")).Append(' ');
            }
        }

        private async Task<byte[]> ReadAsync(NetworkStream from, ReadOnlyMemory<byte> length)
        {
            var body = new byte[BinaryPrimitives.ReadInt32BigEndian(length.Span) - 4]; // the length counts itself
            await from.ReadExactlyAsync(body, line._stop.Token);
            return body;
        }

        // A request is complete: it is handed on, unless its sender dies before.
        private async Task<bool> PassAsync()
        {
            var statements = _statements.ToString();
            _statements.Clear();
            var isBeginning = statements.Contains(line._beginning, StringComparison.Ordinal);
            _begunUnder = isBeginning ? line.NewestOrder() : _begunUnder;
            _number = isBeginning ? 1 : _number == 0 ? 0 : _number + 1;
            var side = _number == 0 ? "" : line.SideOf(_number, _begunUnder, statements);
            if (side == "before")
            {
                line.Kill();
                return false;
            }

            _isWithheld = side == "after";
            await SendAsync(database, _request.GetBuffer().AsMemory(0, (int)_request.Length));
            _request.SetLength(0);
            if (_number > 0 && statements.StartsWith("COMMIT", StringComparison.Ordinal))
            {
                _number = 0;
                if (!_isWithheld)
                {
                    line.OnEnded(_begunUnder);
                }
            }

            return !_isWithheld;
        }

        private async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes)
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await to.SendAsync(bytes, line._stop.Token)..];
            }
        }
    }
}
