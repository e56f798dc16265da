using Grpc.Core;
using SyncHub.Hub.Hq;
using SyncHub.V1;

namespace SyncHub.Hub.Cells;

/// <summary>What the hubs of other cells ask of this one beyond the methods of headquarters.</summary>
internal sealed class CellsService(MembersService members, Authority authority) : V1.Cells.CellsBase
{
    /// <inheritdoc/>
    public override Task<KnowsResponse> Knows(KnowsRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        return Task.FromResult(new KnowsResponse { Phone = members.Has("phone", request.Phone), Card = members.Has("card", request.Card) });
    }
}
