using System.Net.Sockets;
using Grpc.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>Clients that mean harm, or are broken beyond it: what they do ends with them, and others are served.</summary>
public sealed class AbuseTests
{
    private const string UnaryPath = "/grpctests.Echo/Unary";
    private const string ChatPath = "/grpctests.Echo/Chat";
    private const byte Ping = 6;
    private const byte WindowUpdate = 8;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Random_bodies_end_their_calls_with_a_status_and_nothing_else(int seed)
    {
        var random = new Random(seed);
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        for (var streamId = 1; streamId < 400; streamId += 2)
        {
            var body = new byte[random.Next(200)];
            random.NextBytes(body);
            if (body.Length > 1)
            {
                // Often enough a flag and a length that could be right: garbage that ends at the first byte tests little.
                (body[0], body[1]) = ((byte)random.Next(3), 0);
            }

            await raw.SendHeadersAsync(streamId, endsStream: false, RawHttp2.GrpcHeaders(random.Next(2) == 0 ? UnaryPath : ChatPath, ("grpc-encoding", random.Next(2) == 0 ? "gzip" : "identity")));
            await raw.SendDataAsync(streamId, endsStream: true, body);
            Assert.StartsWith("status ", await raw.ReadOutcomeAsync(streamId), StringComparison.Ordinal);
        }

        await IsUnharmedAsync(server);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Random_frames_cost_their_sender_the_connection_at_most(int seed)
    {
        var random = new Random(seed);
        await using var server = await TestServer.StartAsync();
        for (var connection = 0; connection < 40; connection++)
        {
            using var raw = await RawHttp2.ConnectAsync(server.Port);
            try
            {
                for (var frame = 0; frame < 50; frame++)
                {
                    var payload = new byte[random.Next(64)];
                    random.NextBytes(payload);
                    await raw.SendAsync((byte)random.Next(12), (byte)random.Next(256), random.Next(8), payload);
                }
            }
            catch (Exception closed) when (closed is IOException or SocketException)
            {
                // The server has closed the connection, which is its right.
            }
        }

        await IsUnharmedAsync(server);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Random_headers_end_their_call_or_their_connection(int seed)
    {
        var random = new Random(seed);
        string[] names = ["grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "content-type", "te", "x-text", "x-blob-bin", "grpc-message", "authorization", "user-agent"];
        await using var server = await TestServer.StartAsync();
        for (var i = 0; i < 100; i++)
        {
            using var raw = await RawHttp2.ConnectAsync(server.Port);
            var odd = Enumerable.Range(0, random.Next(1, 5)).Select(_ => (names[random.Next(names.Length)], RandomText(random))).ToArray();
            await raw.SendLongHeadersAsync(1, endsStream: false, RawHttp2.GrpcHeaders(UnaryPath, odd));
            await raw.SendDataAsync(1, endsStream: true, RawHttp2.Message(0, 0));
            Assert.NotEmpty(await raw.ReadOutcomeAsync(1));
        }

        await IsUnharmedAsync(server);
    }

    [Fact]
    public async Task A_flood_of_pings_starves_nobody_else()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        var drain = raw.DrainAsync();
        await FloodAsync(async () => await raw.SendAsync(Ping, 0, 0, new byte[8]), 20_000);
        await IsUnharmedAsync(server);
        raw.Dispose();
        await drain;
    }

    [Fact]
    public async Task A_flood_of_window_updates_and_settings_starves_nobody_else()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        var drain = raw.DrainAsync();
        await FloodAsync(
            async () =>
            {
                await raw.SendAsync(WindowUpdate, 0, 0, [0, 0, 0, 1]);
                await raw.SendAsync(4, 0, 0, []);
            },
            5_000);
        await IsUnharmedAsync(server);
        raw.Dispose();
        await drain;
    }

    [Fact]
    public async Task A_flood_of_calls_that_are_reset_at_once_starves_nobody_else_and_leaves_no_handler()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        var drain = raw.DrainAsync();
        var streamId = -1;
        await FloodAsync(
            async () =>
            {
                streamId += 2;
                await raw.SendHeadersAsync(streamId, endsStream: false, RawHttp2.GrpcHeaders(ChatPath));
                await raw.SendAsync(RawHttp2.ResetStream, 0, streamId, [0, 0, 0, 8]);
            },
            5_000);
        await IsServingAsync(server);
        raw.Dispose();
        await drain;
        await server.StopAsync().Happens("the end of the server");

        // Kestrel waits for the calls of a connection, but not of one that it closed for its flood: those handlers may end a moment later.
        await server.Events.NoChats.Happens("the end of every handler");

        // Where frames come faster than their answers leave, Kestrel closes the connection, its right and its duty, and calls that an error.
        Assert.DoesNotContain(server.Logs.Errors, error => error.Category != "Microsoft.AspNetCore.Server.Kestrel.Http2");
    }

    [Fact]
    public async Task A_connection_that_never_says_what_it_wants_is_closed()
    {
        await using var server = await TestServer.StartAsync(kestrel: options => options.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(1));
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        await raw.DrainAsync().Happens("the end of an idle connection");
        await IsUnharmedAsync(server);
    }

    [Fact]
    public async Task Headers_that_never_end_are_cut_off()
    {
        await using var server = await TestServer.StartAsync(kestrel: options => options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(1));
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        await raw.SendAsync(RawHttp2.Headers, 0, 1, [0, 1, (byte)'a', 1, (byte)'b']);
        await raw.DrainAsync().Happens("the end of a connection whose headers never end");
        await IsUnharmedAsync(server);
    }

    // A stream is long by its nature; one message is not, and whoever sends it byte by byte wants to hold what waits for it.
    [Fact]
    public async Task A_request_that_trickles_costs_its_sender_the_connection_and_a_stream_may_be_as_slow_as_it_likes()
    {
        await using var server = await TestServer.StartAsync(kestrel: options => options.Limits.MinRequestBodyDataRate = new MinDataRate(240, TimeSpan.FromSeconds(2)));
        using var streaming = await RawHttp2.ConnectAsync(server.Port);
        await streaming.SendHeadersAsync(1, endsStream: false, RawHttp2.GrpcHeaders(ChatPath));
        foreach (var path in new[] { UnaryPath, "/grpctests.Echo/Download" })
        {
            using var raw = await RawHttp2.ConnectAsync(server.Port);
            await raw.SendHeadersAsync(1, endsStream: false, RawHttp2.GrpcHeaders(path));
            await raw.SendDataAsync(1, endsStream: false, 0);
            await raw.DrainAsync().Happens("the end of a request that never ends");
        }

        await streaming.SendDataAsync(1, endsStream: true, RawHttp2.Message(0, 0));
        Assert.Equal("status 0", await streaming.ReadOutcomeAsync(1)); // it was as silent for as long
        await IsUnharmedAsync(server);
        Assert.Empty(server.Logs.Errors);
    }

    [Fact]
    public async Task More_streams_than_the_limit_are_refused_and_the_rest_go_on()
    {
        await using var server = await TestServer.StartAsync(kestrel: options => options.Limits.Http2.MaxStreamsPerConnection = 5);
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        for (var streamId = 1; streamId <= 11; streamId += 2)
        {
            await raw.SendHeadersAsync(streamId, endsStream: false, RawHttp2.GrpcHeaders(ChatPath));
        }

        Assert.Equal("reset 7", await raw.ReadOutcomeAsync(11));
        await raw.SendDataAsync(1, endsStream: true);
        Assert.Equal("status 0", await raw.ReadOutcomeAsync(1));
    }

    private static string RandomText(Random random) =>
        new([.. Enumerable.Range(0, random.Next(40)).Select(_ => (char)random.Next(0x20, 0x7F))]);

    private static async Task FloodAsync(Func<Task> send, int count)
    {
        try
        {
            for (var i = 0; i < count; i++)
            {
                await send();
            }
        }
        catch (Exception closed) when (closed is IOException or SocketException)
        {
            // The server has had enough of it, which is as good.
        }
    }

    private static async Task IsUnharmedAsync(TestServer server)
    {
        await IsServingAsync(server);
        Assert.Empty(server.Logs.Errors);
    }

    private static async Task IsServingAsync(TestServer server) =>
        Assert.Equal("alive", (await server.Client().UnaryAsync(new EchoRequest { Text = "alive" }, deadline: DateTime.UtcNow.AddMinutes(2))).Text);
}
