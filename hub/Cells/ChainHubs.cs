using Grpc.Core;
using SyncHub.Hub.Hq;
using SyncHub.V1;

namespace SyncHub.Hub.Cells;

/// <summary>The hubs of the whole chain.</summary>
internal sealed class ChainHubs(CellFront front, HubsService here) : Hubs.HubsBase
{
    /// <inheritdoc/>
    /// <remarks>
    /// The others are told first: afterwards this hub takes their present certificates no more. One that cannot be told must not keep a stolen key alive, so the rest is done
    /// without it. It is out of the chain until its certificate is renewed, which it does each day by itself.
    /// </remarks>
    public override async Task<RevokeKeysResponse> RevokeKeys(RevokeKeysRequest request, ServerCallContext context)
    {
        if (front.IsAlone)
        {
            return await here.RevokeKeys(request, context).ConfigureAwait(false);
        }

        request.VoidBeforeMs = here.NextVoidMs();
        var missed = await Task.WhenAll(front.Others.Select(hub => FindFaultAsync(hub, request, context))).ConfigureAwait(false);
        var done = await here.RevokeKeys(request.Clone(), context).ConfigureAwait(false);
        done.Missed.AddRange(missed.OfType<string>());
        return done;
    }

    private static async Task<string?> FindFaultAsync(CellHub hub, RevokeKeysRequest request, ServerCallContext context)
    {
        try
        {
            await CellFront.AskAsync(hub, context, (invoker, options) => new Hubs.HubsClient(invoker).RevokeKeysAsync(request.Clone(), options)).ConfigureAwait(false);
            return null;
        }
        catch (RpcException fault)
        {
            return $"cell {hub.Cell}: {fault.Status.Detail}";
        }
    }
}
