using Google.Protobuf;
using Grpc.Core;
using Grpc.Standard;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;
using SyncHub.V1;
using CoreHello = SyncHub.Core.Protocol.Hello;

namespace SyncHub.Hub.Sync;

/// <summary>The stream that each agent holds open: hello, ops up, rights and member changes down.</summary>
/// <remarks>
/// 1. The client certificate says which store it is. 2. The first frame is a Hello of that store; its link judges it and answers when its judgement is durable.
/// 3. Frames are handled in order until the stream ends; a stream that was not welcomed may only upload facts. One catch for the whole session.
/// </remarks>
internal sealed class SyncService(HubParts parts, IHostApplicationLifetime lifetime) : V1.Sync.SyncBase
{
    private static readonly TimeSpan HelloWithin = TimeSpan.FromSeconds(10);

    private readonly StoreDoor _door = new(parts);

    /// <inheritdoc/>
    public override async Task Link(IAsyncStreamReader<AgentFrame> requestStream, IServerStreamWriter<HubFrame> responseStream, ServerCallContext context)
    {
        if (parts.IsCutOff())
        {
            throw RpcFault.Of(StatusCode.Unavailable, Reason.HubCutOff, "This hub cannot reach its database. Call another hub of the chain, or this one later.");
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        var (store, key) = _door.Admit(context);
        var (hello, deadLogs, said) = await ReadHelloAsync(requestStream, store, ending.Token).ConfigureAwait(false);
        var link = parts.Links.GetOrAdd(hello.Holder.Store, id => new StoreLink(id, parts));
        using var signatures = key is null ? null : new KeySignature(key);
        using var connection = new Connection(UnsafeByteOperations.UnsafeWrap(hello.Nonce), signatures, said.WindowBytes, said.SilenceSeconds);
        using var session = CancellationTokenSource.CreateLinkedTokenSource(ending.Token, connection.Ended);
        try
        {
            parts.Streams.Add(link.Store, connection);
            if (!_door.IsWelcome(store, key))
            {
                throw RpcFault.Of(StatusCode.Unauthenticated, Reason.StoreUnauthenticated, "The certificate was revoked at this moment.");
            }

            link.OnHello(hello, deadLogs, connection);
            await RunAsync(link, connection, requestStream, responseStream, session).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException)
        {
            if (lifetime.ApplicationStopping.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
            {
                throw RpcFault.Of(StatusCode.Unavailable, Reason.HubStopping, "This hub is being stopped. Call another hub of the chain, or this one later.");
            }

            parts.Log.LogDebug("The stream of store {Store} ended: {Reason}", hello.Holder.Store, fault.Message);
        }
        finally
        {
            parts.Streams.Remove(connection);
            link.OnEnded(connection);
            connection.End();
        }
    }

    private async Task RunAsync(StoreLink link, Connection connection, IAsyncStreamReader<AgentFrame> requests, IServerStreamWriter<HubFrame> responses, CancellationTokenSource session)
    {
        using var beating = parts.Beats.Add(() => Beat(link, connection), connection.End);
        Task[] tasks =
        [
            connection.WriteAsync(responses, session.Token),
            ReadAsync(link, connection, requests, session.Token),
        ];
        try
        {
            await (await Task.WhenAny(tasks).ConfigureAwait(false)).ConfigureAwait(false);
        }
        finally
        {
            await session.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Beat(StoreLink link, Connection connection)
    {
        if (connection.IsTooSilent)
        {
            // A half-open stream falls silent; it is cut so that the store counts as offline.
            parts.Log.LogInformation("The stream of store {Store} is cut: nothing came over it for too long", link.Store);
            connection.End();
            return;
        }

        if (!connection.Rests())
        {
            connection.Gather(() => link.Beat(connection));
        }
    }

    private async Task<(CoreHello Hello, IReadOnlyList<DeadLog> DeadLogs, Hello Said)> ReadHelloAsync(IAsyncStreamReader<AgentFrame> requests, StoreId? store, CancellationToken ending)
    {
        using var deadline = new CancellationTokenSource(HelloWithin, parts.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ending, deadline.Token);
        if (!await requests.MoveNext(either.Token).ConfigureAwait(false) || requests.Current.Hello is not { } hello)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.HelloExpected, "The first frame must be a Hello.");
        }

        if (store is { } certified && certified.Value != hello.Store)
        {
            parts.Log.LogWarning("A stream with the certificate of store {Store} called itself store {Other} and was refused", certified, hello.Store);
            throw RpcFault.Of(StatusCode.PermissionDenied, Reason.StoreUnauthenticated, $"The certificate is of store {certified}, the Hello of store {hello.Store}. Put the key file and identity.json of one store together.");
        }

        _door.DemandCell(hello.Cell, hello.Cells); // an op of another cell's member would be booked where nobody looks for it
        // Who has a certificate was enrolled, although a restored hub may have forgotten it.
        if (store is null && parts.Stores.Find(new StoreId(hello.Store)) is not { IsEnrolled: true })
        {
            throw RpcFault.Of(StatusCode.Unauthenticated, Reason.StoreUnauthenticated, $"This hub has no agent of store {hello.Store}. Enrol the agent with a code from HQ.");
        }

        return AgentFrames.ReadHello(hello) is { } read
            ? (read, AgentFrames.LogsToCome(hello, parts.Stores.Term), hello)
            : throw RpcFault.Of(StatusCode.InvalidArgument, Reason.HelloMalformed, "tip_hash must have 32 bytes, or none for an empty log.");
    }

    private async Task ReadAsync(StoreLink link, Connection connection, IAsyncStreamReader<AgentFrame> requests, CancellationToken ending)
    {
        while (await requests.MoveNext(ending).ConfigureAwait(false))
        {
            connection.OnHeard();
            if (Errands.After((link, connection, requests.Current, parts), static frame => AgentFrames.Handle(frame.link, frame.connection, frame.Current, frame.parts)) is { } fault)
            {
                parts.Log.LogError("The stream of store {Store} is ended: {Reason}", link.Store, fault);
                throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.FrameOutOfPlace, fault);
            }
        }
    }
}
