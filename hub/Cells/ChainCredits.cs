using Grpc.Core;
using SyncHub.Hub.Hq;
using SyncHub.Hub.OnAccount;
using SyncHub.V1;

namespace SyncHub.Hub.Cells;

/// <summary>Credit in the whole chain: each member's asked of its cell, the list of all of them put together.</summary>
internal sealed class ChainCredits(CellFront front, CreditService here) : Credits.CreditsBase
{
    /// <inheritdoc/>
    public override Task<Wallet> SetCreditLimit(SetCreditLimitRequest request, ServerCallContext context) =>
        front.OfMemberAsync(request.MemberId, request, context, here.SetCreditLimit, static (invoker, asked, options) => Client(invoker).SetCreditLimitAsync(asked, options));

    /// <inheritdoc/>
    /// <remarks>The list that it answers with is that of the member's cell.</remarks>
    public override Task<V1.FloorDenials> SetFloorDenied(SetFloorDeniedRequest request, ServerCallContext context) =>
        front.OfMemberAsync(request.MemberId, request, context, here.SetFloorDenied, static (invoker, asked, options) => Client(invoker).SetFloorDeniedAsync(asked, options));

    /// <inheritdoc/>
    public override async Task<V1.FloorDenials> ListFloorDenied(ListFloorDeniedRequest request, ServerCallContext context)
    {
        var all = await front.AllAsync(request, context, here.ListFloorDenied, static (invoker, asked, options) => Client(invoker).ListFloorDeniedAsync(asked, options)).ConfigureAwait(false);
        var (members, hasMore) = Paging.Join([.. all.Select(one => ((IReadOnlyList<string>)one.MemberIds, one.NextAfter.Length > 0))], string.CompareOrdinal);
        var listed = new V1.FloorDenials();
        listed.NextAfter = Paging.Fill(members, request.Limit, listed.MemberIds.Add, static member => member.Length) ?? (hasMore ? listed.MemberIds[^1] : "");
        return listed;
    }

    private static Credits.CreditsClient Client(CallInvoker invoker) => new(invoker);
}
