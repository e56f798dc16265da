using System.Net;
using System.Threading.Channels;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SyncHub.Agent.Hosting;
using SyncHub.Core.Primitives;

namespace SyncHub.Agent.Tests;

/// <summary>A hub that does what the test says: a real server on a free port, with each frame of the agent to be read and each answer to be chosen.</summary>
internal sealed class ScriptedHub : IAsyncDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(2); // a guard against a test that hangs, not a pace

    private readonly WebApplication _app;
    private readonly Channel<Session> _sessions = Channel.CreateUnbounded<Session>();

    private ScriptedHub()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureForGrpc().Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(_sessions.Writer);
        _app = builder.Build();
        _app.MapGrpcService<Service>();
    }

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    /// <summary>How a store calls it: with the longest deadlines there are, because a test on a busy machine answers late, and acknowledges nothing where that is not its subject.</summary>
    public AgentOptions OptionsOf(string folder) => new()
    {
        DataDirectory = folder,
        HubAddress = Address,
        InsecureLoopback = true,
        CheckoutDeadlineMs = 10_000,
        LookUpDeadlineMs = 10_000,
        LongestHubSilence = LongestWait,
    };

    public static async Task<ScriptedHub> StartAsync()
    {
        var hub = new ScriptedHub();
        await hub._app.StartAsync();
        return hub;
    }

    /// <summary>The next connection that an agent opens.</summary>
    public async Task<Session> NextSessionAsync()
    {
        using var patience = new CancellationTokenSource(LongestWait);
        return await _sessions.Reader.ReadAsync(patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    /// <summary>One connection, from the hub's side.</summary>
    internal sealed class Session(IAsyncStreamReader<V1.AgentFrame> frames, IServerStreamWriter<V1.HubFrame> answers)
    {
        public TaskCompletionSource Ended { get; } = new();

        public V1.Hello Hello { get; private set; } = new();

        public Task SendAsync(V1.HubFrame frame) => answers.WriteAsync(frame);

        /// <summary>The next frame of a kind; heartbeats and others before it are passed over.</summary>
        public async Task<V1.AgentFrame> NextAsync(V1.AgentFrame.FrameOneofCase kind)
        {
            using var patience = new CancellationTokenSource(LongestWait);
            while (await frames.MoveNext(patience.Token))
            {
                if (frames.Current.FrameCase == kind)
                {
                    return frames.Current;
                }
            }

            throw new InvalidOperationException($"The agent closed the connection before it sent {kind}.");
        }

        public async Task WelcomeAsync(long committed = 0, OpHash hash = default, long token = 1)
        {
            Hello = (await NextAsync(V1.AgentFrame.FrameOneofCase.Hello)).Hello;
            await SendAsync(new V1.HubFrame
            {
                Welcome = new V1.Welcome { Nonce = Hello.Nonce, Token = token, CommittedSequence = committed, CommittedHash = Google.Protobuf.ByteString.CopyFrom(hash.ToBytes()), MaxUnackedBytes = 1_000_000 },
            });
        }
    }

    internal sealed class Service(ChannelWriter<Session> sessions) : V1.Sync.SyncBase
    {
        public override async Task Link(IAsyncStreamReader<V1.AgentFrame> requestStream, IServerStreamWriter<V1.HubFrame> responseStream, ServerCallContext context)
        {
            var session = new Session(requestStream, responseStream);
            await sessions.WriteAsync(session);
            await session.Ended.Task.WaitAsync(context.CancellationToken);
        }
    }
}
