using System.Net;
using System.Net.Sockets;
using SyncHub.Demo.Links;

namespace SyncHub.Demo.Tests;

/// <summary>Over real sockets on loopback: a store, the line, and a hub that sends back what it hears.</summary>
public sealed class LinkProxyTests : IAsyncLifetime, IDisposable
{
    private readonly EchoHub _hub = new();
    private readonly LinkProxy _link = new();
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromMinutes(2)); // only so that a bug ends

    public Task InitializeAsync()
    {
        _link.Pass(_hub.Address);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _link.DisposeAsync();
        await _hub.DisposeAsync();
    }

    public void Dispose() => _deadline.Dispose();

    [Fact]
    public async Task What_one_end_says_reaches_the_other()
    {
        using var store = await ConnectAsync();
        Assert.Equal("hello", await AskAsync(store, "hello"));
        Assert.Equal("again", await AskAsync(store, "again"));
    }

    [Fact]
    public async Task A_megabyte_arrives_whole()
    {
        using var store = await ConnectAsync();
        var sent = new byte[1 << 20];
        new Random(1).NextBytes(sent);
        var sending = SendAllAsync(store, sent);
        var received = new byte[sent.Length];
        await ReceiveAllAsync(store, received);
        await sending;
        Assert.Equal(sent, received);
    }

    [Fact]
    public async Task A_cut_ends_open_connections_at_both_ends()
    {
        using var store = await ConnectAsync();
        await AskAsync(store, "hello");
        _link.Cut();
        await AssertEndsAsync(store);
        await _hub.LastConnectionEnded.WaitAsync(_deadline.Token);
        Assert.True(_link.IsCut);
    }

    [Fact]
    public async Task A_line_that_refuses_ends_new_connections_and_the_hub_never_sees_them()
    {
        _link.Cut(LinkLoss.Refuse);
        using var store = await ConnectAsync();
        await AssertEndsAsync(store);
        Assert.Equal(0, _hub.Connections);
    }

    [Fact]
    public async Task A_silent_line_takes_connections_and_ends_them_only_when_it_heals()
    {
        _link.Cut(LinkLoss.Silence);
        using var store = await ConnectAsync();
        await SendAllAsync(store, "hello"u8.ToArray());
        var answer = store.ReceiveAsync(new byte[1], _deadline.Token).AsTask();

        // A second connection on the same line shows that the first was looked at, and left without an answer.
        using var second = await ConnectAsync();
        while (_link.Accepted < 2)
        {
            await Task.Yield();
        }

        Assert.False(answer.IsCompleted);
        _link.Heal();
        Assert.Equal(0, await EndOrBytesAsync(answer));
        Assert.Equal(0, _hub.Connections);
    }

    [Theory]
    [InlineData(LinkLoss.Refuse)]
    [InlineData(LinkLoss.Silence)]
    public async Task After_healing_new_connections_pass(LinkLoss loss)
    {
        _link.Cut(loss);
        _link.Heal();
        using var store = await ConnectAsync();
        Assert.Equal("hello", await AskAsync(store, "hello"));
        Assert.False(_link.IsCut);
    }

    [Fact]
    public async Task Healing_a_whole_line_breaks_nothing()
    {
        using var store = await ConnectAsync();
        await AskAsync(store, "hello");
        _link.Heal();
        Assert.Equal("again", await AskAsync(store, "again"));
    }

    [Fact]
    public async Task Without_a_hub_connections_end_and_with_one_again_they_pass()
    {
        _link.Pass(null);
        using (var store = await ConnectAsync())
        {
            await AssertEndsAsync(store);
        }

        _link.Pass(_hub.Address);
        using var later = await ConnectAsync();
        Assert.Equal("hello", await AskAsync(later, "hello"));
    }

    [Fact]
    public async Task A_hub_that_goes_away_takes_its_connections_with_it()
    {
        using var store = await ConnectAsync();
        await AskAsync(store, "hello");
        await _hub.DisposeAsync();
        await AssertEndsAsync(store);
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _link.Port, _deadline.Token);
        return socket;
    }

    private async Task<string> AskAsync(Socket socket, string text)
    {
        var bytes = System.Text.Encoding.ASCII.GetBytes(text);
        await SendAllAsync(socket, bytes);
        await ReceiveAllAsync(socket, bytes);
        return System.Text.Encoding.ASCII.GetString(bytes);
    }

    private async Task SendAllAsync(Socket socket, byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent), _deadline.Token);
        }
    }

    private async Task ReceiveAllAsync(Socket socket, byte[] bytes)
    {
        for (var received = 0; received < bytes.Length;)
        {
            var count = await socket.ReceiveAsync(bytes.AsMemory(received), _deadline.Token);
            Assert.True(count > 0, $"the connection ended after {received} of {bytes.Length} bytes");
            received += count;
        }
    }

    private async Task AssertEndsAsync(Socket socket) => Assert.Equal(0, await EndOrBytesAsync(socket.ReceiveAsync(new byte[1], _deadline.Token).AsTask()));

    // A reset and a good-bye are the same to a store: there is no connection any more.
    private static async Task<int> EndOrBytesAsync(Task<int> receiving)
    {
        try
        {
            return await receiving;
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    private sealed class EchoHub : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly List<Socket> _sockets = [];
        private readonly Task _serving;
        private volatile TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EchoHub()
        {
            _listener.Start();
            Address = (IPEndPoint)_listener.LocalEndpoint;
            _serving = ServeAsync();
        }

        public IPEndPoint Address { get; }

        public int Connections { get; private set; }

        public Task LastConnectionEnded => _ended.Task;

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _serving;
            _sockets.ForEach(socket => socket.Dispose());
        }

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    var socket = await _listener.AcceptSocketAsync();
                    Connections++;
                    _sockets.Add(socket);
                    _ = EchoAsync(socket);
                }
            }
            catch (SocketException)
            {
                // Stopped.
            }
        }

        private async Task EchoAsync(Socket socket)
        {
            var buffer = new byte[4_096];
            try
            {
                while (await socket.ReceiveAsync(buffer) is > 0 and var count)
                {
                    for (var sent = 0; sent < count;)
                    {
                        sent += await socket.SendAsync(buffer.AsMemory(sent, count - sent));
                    }
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // Ended by the other side, or with this hub.
            }

            _ended.TrySetResult();
        }
    }
}
