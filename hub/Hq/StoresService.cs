using Grpc.Core;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Stores;
using SyncHub.V1;

namespace SyncHub.Hub.Hq;

/// <summary>Stores for HQ: enrolment codes, and how each store is right now.</summary>
internal sealed class StoresService(HubParts parts, Authority authority) : V1.Stores.StoresBase
{
    /// <inheritdoc/>
    public override async Task<CreateStoreResponse> CreateStore(CreateStoreRequest request, ServerCallContext context)
    {
        authority.Demand(context);
        if (request.Store < 0 || request.Name.Length > 100)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "A store number must not be negative; a name has at most 100 characters."));
        }

        if (parts.Stores.Find(new StoreId(request.Store)) is { IsEnrolled: true })
        {
            throw new RpcException(new Status(StatusCode.AlreadyExists, $"Store {request.Store} has an agent. A broken one needs a new incarnation, not a second enrolment."));
        }

        var (store, code) = parts.Stores.Create(new StoreId(request.Store), request.Name);
        var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        parts.Pipeline.Submit(new Storage.JournalBatch(), null, () => durable.TrySetResult());
        await durable.Task.WaitAsync(context.CancellationToken).ConfigureAwait(false);
        return new CreateStoreResponse { Store = store.Id.Value, EnrolmentCode = code, CodeValidUntilMs = store.CodeValidUntilMs };
    }

    /// <inheritdoc/>
    public override Task<ListStoresResponse> ListStores(ListStoresRequest request, ServerCallContext context)
    {
        authority.Demand(context);
        return Task.FromResult(List());
    }

    /// <summary>The state of every store; also what the JSON view shows.</summary>
    public ListStoresResponse List()
    {
        var response = new ListStoresResponse
        {
            JournalPosition = parts.Pipeline.ReleasedPosition,
            ActiveGrains = parts.Grains.Partitions.Sum(partition => (long)partition.ActiveGrains),
            AppliedOps = parts.Router.AppliedOps,
            LiveRevokes = parts.Router.LiveRevokes,
        };
        response.Stores.AddRange(parts.Stores.All().Select(StateOf));
        return response;
    }

    private StoreState StateOf(Store store)
    {
        var state = new StoreState
        {
            Store = store.Id.Value,
            Name = store.Name,
            Enrolled = store.IsEnrolled,
            Incarnation = store.Incarnation.Value,
            ExposureMinor = parts.Stores.ExposureOf(store.Id),
        };
        if (parts.Links.Find(store.Id) is { } link)
        {
            var heartbeat = link.Heartbeat;
            state.Online = link.IsOnline;
            state.SinceMs = link.SinceMs;
            state.TipSequence = heartbeat.TipSequence;
            state.CommittedSequence = link.CommittedSequence;
            state.BacklogOps = Math.Max(0, heartbeat.TipSequence - link.CommittedSequence);
            state.FeedPosition = heartbeat.FeedPosition;
            state.ClockSkewMs = link.ClockSkewMs;
        }

        return state;
    }
}
