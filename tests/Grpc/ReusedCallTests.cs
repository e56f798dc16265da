using Google.Protobuf;
using Grpc.Core;
using Xunit;

namespace SyncHub.Grpc.Tests;

/// <summary>Unary calls use what earlier ones left: request, reader, source of the end. None of it may tell of the earlier call.</summary>
public sealed class ReusedCallTests
{
    [Fact]
    public async Task What_one_call_sent_beside_its_message_does_not_go_with_the_next_one()
    {
        await using var server = await TestServer.StartAsync(isEncrypted: true);
        var plain = server.Client();
        var withToken = server.Client(options => options.Credentials = ChannelCredentials.Create(ChannelCredentials.SecureSsl, Token("channel")));
        foreach (var client in new[] { plain, withToken })
        {
            var first = await SeenAsync(server, client, new CallOptions());
            CallOptions[] odd =
            [
                new(new Metadata { { "x-one", "1" }, { "x-blob-bin", [1, 2] }, { "user-agent", "another/1.0" }, { "expires", "never" } }),
                new(deadline: DateTime.UtcNow.AddMinutes(1)),
                new(credentials: Token("call")),
            ];
            foreach (var options in odd)
            {
                Assert.NotEqual(first, await SeenAsync(server, client, options), StringComparer.Ordinal);
                Assert.Equal(first, await SeenAsync(server, client, new CallOptions()), StringComparer.Ordinal);
            }
        }
    }

    // A source that went back while somebody could still cancel it would end another call.
    [Fact]
    public async Task Calls_that_are_cancelled_disposed_of_or_late_end_no_other_call()
    {
        const int Rounds = 300;
        await using var server = await TestServer.StartAsync();
        var client = server.Client();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            for (var round = 0; round < Rounds; round++)
            {
                using var source = new CancellationTokenSource();
                var spoiled = client.UnaryAsync(new EchoRequest { Text = "spoiled" }, cancellationToken: source.Token);
                var text = $"{worker} {round}";
                var whole = client.UnaryAsync(new EchoRequest { Text = text });
                switch (random.Next(3))
                {
                    case 0:
                        await source.CancelAsync();
                        break;
                    case 1:
                        spoiled.Dispose();
                        break;
                    default:
                        await spoiled;
                        spoiled.Dispose(); // too late to matter
                        await source.CancelAsync();
                        break;
                }

                Assert.Equal(text, (await whole).Text);
                Assert.Equal(StatusCode.OK, whole.GetStatus().StatusCode);
            }
        }))).Happens("the end of all calls");
        Assert.Empty(server.Logs.Errors);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16 * 1024)]
    [InlineData(3_000_000)]
    public async Task Messages_of_any_size_come_back_whole_and_so_does_a_small_one_after_them(int bytes)
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Client();
        var large = new byte[bytes];
        new Random(bytes).NextBytes(large);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(large, (await client.UnaryAsync(new EchoRequest { Payload = ByteString.CopyFrom(large) })).Payload.ToByteArray());
            Assert.Equal("small", (await client.UnaryAsync(new EchoRequest { Text = "small" })).Text);
            var refused = await Assert.ThrowsAsync<RpcException>(async () => await client.UnaryAsync(new EchoRequest { Text = "reject", Payload = ByteString.CopyFrom(large) }));
            Assert.Equal("told so", refused.Trailers.GetValue("reason"));
        }
    }

    // The status may be asked for as long as somebody holds the call, and headers before or after it has ended.
    [Fact]
    public async Task A_call_that_has_ended_keeps_its_headers_status_and_trailers_while_others_run()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Client();
        var asked = client.UnaryAsync(new EchoRequest { Text = "metadata" }, new Metadata { { "x-of", "asked" } });
        var early = asked.ResponseHeadersAsync;
        var late = client.UnaryAsync(new EchoRequest { Text = "metadata" }, new Metadata { { "x-of", "late" } });
        await asked;
        await late;
        for (var i = 0; i < 50; i++)
        {
            await client.UnaryAsync(new EchoRequest { Text = "metadata" }, new Metadata { { "x-of", "another" } });
        }

        Assert.Equal(("asked", "asked"), ((await early).GetValue("x-of"), asked.GetTrailers().GetValue("x-of")));
        Assert.Equal(("late", "late"), ((await late.ResponseHeadersAsync).GetValue("x-of"), late.GetTrailers().GetValue("x-of")));
        Assert.Same(late.GetTrailers(), late.GetTrailers());
    }

    [Fact]
    public async Task Nobody_has_to_look_at_a_call_that_failed()
    {
        var unobserved = 0;
        EventHandler<UnobservedTaskExceptionEventArgs> count = (_, found) => Interlocked.Add(ref unobserved, found.Exception.InnerExceptions.Count(inner => inner is RpcException));
        TaskScheduler.UnobservedTaskException += count;
        try
        {
            await using var server = await TestServer.StartAsync();
            await FailAsync(server.Client());
            for (var i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= count;
        }

        Assert.Equal(0, unobserved);
    }

    private static async Task FailAsync(Echo.EchoClient client)
    {
        for (var i = 0; i < 20; i++)
        {
            _ = client.UnaryAsync(new EchoRequest { Text = "reject" });
            client.UnaryAsync(new EchoRequest { Text = "wait" }).Dispose();
            _ = client.UnaryAsync(new EchoRequest(), deadline: DateTime.UtcNow.AddSeconds(-1)).ResponseHeadersAsync;
        }

        await Assert.ThrowsAsync<RpcException>(async () => await client.UnaryAsync(new EchoRequest { Text = "reject" })); // those before it have ended, or are about to
    }

    private static CallCredentials Token(string value) => CallCredentials.FromInterceptor((_, metadata) =>
    {
        metadata.Add("x-token", value);
        metadata.Add("user-agent", value);
        return Task.CompletedTask;
    });

    private static async Task<string> SeenAsync(TestServer server, Echo.EchoClient client, CallOptions options)
    {
        var hasDeadline = (await client.UnaryAsync(new EchoRequest { Text = "deadline" }, options)).Count >= 0;
        return $"{hasDeadline} {string.Join(' ', server.Events.LastRequestHeaders!.Select(entry => entry.ToString()))}";
    }
}
