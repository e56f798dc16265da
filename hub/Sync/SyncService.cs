using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;
using SyncHub.Protos.Mapping;
using SyncHub.V1;
using CoreHello = SyncHub.Core.Protocol.Hello;

namespace SyncHub.Hub.Sync;

/// <summary>The stream that each agent holds open: hello, ops up, rights and member changes down.</summary>
/// <remarks>
/// 1. The first frame is a Hello with the store's secret in the metadata; it is judged. 2. A welcomed agent is online: changes flow, and it
/// is told what it missed. 3. Frames are handled in order until the stream ends. One catch for the whole session.
/// </remarks>
internal sealed class SyncService(HubParts parts, IHostApplicationLifetime lifetime) : V1.Sync.SyncBase
{
    private static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SilenceBeforeCut = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan HelloWithin = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public override async Task Link(IAsyncStreamReader<AgentFrame> requestStream, IServerStreamWriter<HubFrame> responseStream, ServerCallContext context)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        var hello = await ReadHelloAsync(requestStream, context, ending.Token).ConfigureAwait(false);
        var link = parts.Links.GetOrAdd(hello.Holder.Store, id => new StoreLink(parts.Stores.Find(id)!, parts));
        using var connection = new Connection(UnsafeByteOperations.UnsafeWrap(hello.Nonce));
        var (answer, welcome) = link.OnHello(hello, connection);
        connection.Send(answer);
        if (!welcome)
        {
            connection.Finish();
            await WriteAsync(connection, responseStream, ending.Token).ConfigureAwait(false);
            return;
        }

        using var session = CancellationTokenSource.CreateLinkedTokenSource(ending.Token, connection.Ended);
        SendPolicy(connection);
        link.GoOnline(connection);
        parts.Log.LogInformation("Store {Store} is online at op {Sequence}", hello.Holder.Store, hello.TipSequence);
        try
        {
            await RunAsync(link, connection, hello, requestStream, responseStream, session).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException)
        {
            parts.Log.LogDebug("The stream of store {Store} ended: {Reason}", hello.Holder.Store, fault.Message);
        }
        finally
        {
            link.GoOffline(connection);
            connection.End();
            parts.Log.LogInformation("Store {Store} is offline", hello.Holder.Store);
        }
    }

    private async Task RunAsync(StoreLink link, Connection connection, CoreHello hello, IAsyncStreamReader<AgentFrame> requests, IServerStreamWriter<HubFrame> responses, CancellationTokenSource session)
    {
        using var silence = new CancellationTokenSource(SilenceBeforeCut, parts.Time);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(session.Token, silence.Token);
        var tasks = new[]
        {
            WriteAsync(connection, responses, session.Token),
            BeatAsync(link, connection, session.Token),
            link.CatchUpAsync(hello.FeedPosition, connection),
            ReadAsync(link, connection, requests, silence, reading.Token),
        };
        try
        {
            // The catch-up may end first; whichever of the others ends, or any that fails, ends the session.
            while (true)
            {
                var ended = await Task.WhenAny(tasks).ConfigureAwait(false);
                await ended.ConfigureAwait(false);
                if (ended != tasks[2])
                {
                    return;
                }

                tasks[2] = Task.Delay(Timeout.Infinite, session.Token);
            }
        }
        finally
        {
            await session.CancelAsync().ConfigureAwait(false);
            connection.End();
            await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // the first failure is the one that is reported
        }
    }

    private async Task<CoreHello> ReadHelloAsync(IAsyncStreamReader<AgentFrame> requests, ServerCallContext context, CancellationToken ending)
    {
        using var deadline = new CancellationTokenSource(HelloWithin, parts.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ending, deadline.Token);
        if (!await requests.MoveNext(either.Token).ConfigureAwait(false) || requests.Current.Hello is not { } hello)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "The first frame must be a Hello."));
        }

        var secret = Authority.TokenIn(context.RequestHeaders.GetValue("authorization"));
        if (secret is null || !parts.Stores.IsAuthentic(new StoreId(hello.Store), secret))
        {
            parts.Log.LogWarning("A stream that calls itself store {Store} was refused: wrong secret", hello.Store);
            throw new RpcException(new Status(StatusCode.Unauthenticated, "Unknown store or wrong secret. Enrol the agent with a code from HQ."));
        }

        if (hello.TipHash.Length is not (0 or OpHash.Size))
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "tip_hash must have 32 bytes, or none for an empty log."));
        }

        return new CoreHello(new Holder(new StoreId(hello.Store), new Incarnation(hello.Incarnation)), hello.Nonce.Memory, hello.Token,
            hello.TipSequence, OpHash.FromBytes(hello.TipHash.Span), hello.FeedPosition, hello.Locked);
    }

    private void SendPolicy(Connection connection)
    {
        var policy = new PolicyDelta { Version = parts.Stores.Version, RulesetJson = parts.Rules.Json };
        policy.Stores.AddRange(parts.Stores.All().Select(store => new StoreName { Store = store.Id.Value, Name = store.Name }));
        connection.Send(new HubFrame { PolicyDelta = policy });
    }

    private static async Task WriteAsync(Connection connection, IServerStreamWriter<HubFrame> responses, CancellationToken ending)
    {
        await foreach (var frame in connection.Outbound.ReadAllAsync(ending).ConfigureAwait(false))
        {
            await responses.WriteAsync(frame, ending).ConfigureAwait(false);
        }
    }

    private async Task BeatAsync(StoreLink link, Connection connection, CancellationToken ending)
    {
        using var timer = new PeriodicTimer(HeartbeatEvery, parts.Time);
        while (await timer.WaitForNextTickAsync(ending).ConfigureAwait(false))
        {
            connection.Send(new HubFrame { Heartbeat = new HubHeartbeat { HubClockMs = parts.Time.GetUtcNow().ToUnixTimeMilliseconds(), CommittedSequence = link.CommittedSequence } });
            link.SendAck();
            link.SendFeedMark();
        }
    }

    private async Task ReadAsync(StoreLink link, Connection connection, IAsyncStreamReader<AgentFrame> requests, CancellationTokenSource silence, CancellationToken ending)
    {
        while (await requests.MoveNext(ending).ConfigureAwait(false))
        {
            silence.CancelAfter(SilenceBeforeCut); // a half-open stream falls silent; it is cut so that the store counts as offline
            if (Handle(link, connection, requests.Current) is { } fault)
            {
                parts.Log.LogError("The stream of store {Store} is ended: {Reason}", link.Store, fault);
                throw new RpcException(new Status(StatusCode.FailedPrecondition, fault));
            }
        }
    }

    private string? Handle(StoreLink link, Connection connection, AgentFrame frame)
    {
        switch (frame.FrameCase)
        {
            case AgentFrame.FrameOneofCase.OpBatch:
                return frame.OpBatch.Nonce == connection.Nonce ? link.OnBatch(frame.OpBatch) : null;
            case AgentFrame.FrameOneofCase.RightsRequest when MemberOf(frame.RightsRequest.Member) is { } member:
                var wanted = frame.RightsRequest;
                Post(member, new RightsWanted(link.Holder, wanted.Request, [.. wanted.Targets.Select(target => new Core.Members.GrantedLine(BucketCodec.ToCore(target.Bucket), target.GrantedTarget))], wanted.Reason == RightsReason.Checkout));
                return null;
            case AgentFrame.FrameOneofCase.Identify:
                Identify(link, frame.Identify);
                return null;
            case AgentFrame.FrameOneofCase.RevokeDone when MemberOf(frame.RevokeDone.Member) is { } member:
                Post(member, new RevokeAnswered(link.Holder, frame.RevokeDone.Id));
                return null;
            case AgentFrame.FrameOneofCase.Heartbeat:
                link.OnHeartbeat(frame.Heartbeat);
                return null;
            case AgentFrame.FrameOneofCase.Hello:
                return "A second Hello on one stream.";
            case AgentFrame.FrameOneofCase.RightsRequest or AgentFrame.FrameOneofCase.RevokeDone:
                return "A member id has 16 bytes.";
            default:
                return null; // a frame of a newer agent: what this version does not know it does not need
        }
    }

    private void Identify(StoreLink link, IdentifyRequest request)
    {
        var member = request.KeyCase switch
        {
            IdentifyRequest.KeyOneofCase.Member => MemberOf(request.Member),
            IdentifyRequest.KeyOneofCase.Phone => Find("phone", request.Phone),
            IdentifyRequest.KeyOneofCase.Card => Find("card", request.Card),
            _ => null,
        };
        if (member is { } id)
        {
            Post(id, new IdentifyWanted(link.Holder, request.Request, request.Prefetch));
        }
        else
        {
            link.Send(new HubFrame { IdentifyReply = new IdentifyReply { Request = request.Request } });
        }
    }

    private MemberId? Find(string collection, string key) => MemberOf(parts.Journal.ReadDocument(collection, Encoding.UTF8.GetBytes(key)));

    private void Post(MemberId member, MemberMessage message) => parts.Grains.Post(new GrainMessage(member, message));

    private static MemberId? MemberOf(ByteString bytes) => bytes.Length == 16 ? MemberId.FromBytes(bytes.Span) : null;

    private static MemberId? MemberOf(byte[]? bytes) => bytes is { Length: 16 } ? MemberId.FromBytes(bytes) : null;
}
