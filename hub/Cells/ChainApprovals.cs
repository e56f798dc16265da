using Grpc.Core;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Approving;
using SyncHub.Hub.Hq;
using SyncHub.V1;

namespace SyncHub.Hub.Cells;

/// <summary>What waits for a second person in the whole chain. What is about one member waits in the member's cell, whose hub does it; the rest in the first one.</summary>
internal sealed class ChainApprovals(CellFront front, ApprovalsService here) : Approvals.ApprovalsBase
{
    /// <inheritdoc/>
    public override Task<Approval> AskFor(AskForRequest request, ServerCallContext context) => HubOf(request) is { } hub
        ? CellFront.AskAsync(hub, context, (invoker, options) => Client(invoker).AskForAsync(request, options))
        : here.AskFor(request, context);

    /// <inheritdoc/>
    public override async Task<ListApprovalsResponse> ListApprovals(ListApprovalsRequest request, ServerCallContext context)
    {
        var all = await front.AllAsync(request, context, here.ListApprovals, static (invoker, asked, options) => Client(invoker).ListApprovalsAsync(asked, options)).ConfigureAwait(false);
        var listed = new ListApprovalsResponse();
        var (approvals, hasMore) = Paging.Join([.. all.Select(one => ((IReadOnlyList<Approval>)one.Approvals, one.NextAfter.Length > 0))], static (one, other) => string.CompareOrdinal(ApprovalBook.PlaceOf(one), ApprovalBook.PlaceOf(other)));
        var last = Paging.Fill(approvals, request.Limit, listed.Approvals.Add, static approval => approval.CalculateSize()) ?? (hasMore ? listed.Approvals[^1] : null);
        listed.NextAfter = last is null ? "" : ApprovalBook.PlaceOf(last);
        return listed;
    }

    /// <inheritdoc/>
    public override Task<Approval> Approve(DecideRequest request, ServerCallContext context) =>
        front.WhoeverHasAsync(request, context, here.Approve, static (invoker, asked, options) => Client(invoker).ApproveAsync(asked, options));

    /// <inheritdoc/>
    public override Task<Approval> Reject(DecideRequest request, ServerCallContext context) =>
        front.WhoeverHasAsync(request, context, here.Reject, static (invoker, asked, options) => Client(invoker).RejectAsync(asked, options));

    private CellHub? HubOf(AskForRequest request) => request.ActCase switch
    {
        AskForRequest.ActOneofCase.Adjustment => front.HubOf(request.Adjustment.MemberId),
        AskForRequest.ActOneofCase.Refund when request.Refund.Op is { } op => front.HubOf(new Incarnation(op.Incarnation).Cell),
        AskForRequest.ActOneofCase.Reclaim => front.HubOf(request.Reclaim.MemberId),
        AskForRequest.ActOneofCase.CreditLimit => front.HubOf(request.CreditLimit.MemberId),
        _ => null,
    };

    private static Approvals.ApprovalsClient Client(CallInvoker invoker) => new(invoker);
}
