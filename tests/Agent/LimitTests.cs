using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Standard;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Primitives;

namespace SyncHub.Agent.Tests;

/// <summary>What the tills' doors, and the line to the hub, bear is set by the agent's options. How each limit bites: tests/Grpc, LimitTests.</summary>
public sealed class LimitTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public LimitTests() => new StoreIdentity(7, "Test Street", Incarnation.Of(1, 1).Value, "").Write(_folder.Path);

    [Theory]
    [InlineData(64)]
    [InlineData(16)]
    public async Task A_tills_message_over_the_limit_is_refused_with_the_limits_size_and_the_next_call_works(int kib)
    {
        var options = Options("http://127.0.0.1:1");
        await using var agent = await AgentHost.StartAsync(kib == AgentOptions.DefaultTillMessageKib ? options : options with { Limits = new GrpcLimits { MaxMessageKib = kib } }, NullLoggerFactory.Instance);
        using var channel = GrpcChannel.ForAddress(FormattableString.Invariant($"http://127.0.0.1:{agent.TillGrpcPort}"));
        var till = new V1.Till.TillClient(channel);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await till.RegisterAsync(new V1.RegisterRequest { RequestId = "r", Name = new string('x', kib * 1024) }));
        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        Assert.Contains(FormattableString.Invariant($"{kib * 1024} bytes"), refused.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(7, (await till.StatusAsync(new V1.StatusRequest())).Store);
    }

    [Fact]
    public async Task A_message_of_the_hub_over_the_limit_ends_the_connection_and_the_agent_comes_again()
    {
        await using var hub = await ScriptedHub.StartAsync();
        using var logs = new Lines();
        await using var agent = await AgentHost.StartAsync(Options(hub.Address) with { HubMessageKib = 1024 }, logs);
        var session = await hub.NextSessionAsync();
        await session.WelcomeAsync();
        await session.SendAsync(new V1.HubFrame { Welcome = new V1.Welcome { CommittedHash = ByteString.CopyFrom(new byte[1025 * 1024]) } });
        await (await hub.NextSessionAsync()).WelcomeAsync();
        Assert.Contains(logs.All, line => line.Contains("exceeds the maximum of 1048576 bytes", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Limits_that_make_no_sense_are_named_all_at_once()
    {
        var refused = await Assert.ThrowsAsync<AgentStartException>(() => AgentHost.StartAsync(
            Options("http://127.0.0.1:1") with { HubMessageKib = 1, Limits = new GrpcLimits { MaxMessageKib = 15, IdleSeconds = 0 } }, NullLoggerFactory.Instance));
        Assert.All(["HubMessageKib", "--max-message-kib: 16 to ", "--idle-seconds"], key => Assert.Contains(key, refused.Message, StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private AgentOptions Options(string hub) => new() { DataDirectory = _folder.Path, HubAddress = hub, InsecureLoopback = true };

    private sealed class Lines : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> All { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
            // The lines go nowhere else.
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                All.Enqueue(formatter(state, exception));
            }
        }

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
