using System.Globalization;
using Grpc.Core;
using Grpc.Standard;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Cells;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Hq;
using SyncHub.Hub.OnAccount;
using SyncHub.Hub.Refunds;
using SyncHub.Hub.Users;
using SyncHub.Protos.Mapping;
using SyncHub.V1;

namespace SyncHub.Hub.Approving;

/// <summary>A second pair of eyes: one asks, another one with the same permission approves, and the act carries both names.</summary>
internal sealed class ApprovalsService(HubParts parts, ApprovalBook book, StoresService stores, ChainStores chainStores, CreditService credits, Authority authority) : Approvals.ApprovalsBase
{
    private const string Reclaim = "Stores/Reclaim";
    private const string CreditLimit = "Credits/SetCreditLimit";
    private const string Adjust = "Orders/Adjust";
    private const string Refund = "Orders/Refund";
    private const long LifeMs = 7L * 24 * 60 * 60 * 1000; // what was right a week ago may be wrong now
    private const int LongestReason = 200;

    /// <inheritdoc/>
    public override async Task<Approval> AskFor(AskForRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        if (request.ActCase == AskForRequest.ActOneofCase.None || request.Reason.Length is 0 or > LongestReason)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, $"Say what is to be done, and why, in 1 to {LongestReason} characters.");
        }

        var asked = new Approval { Id = ApiTokensService.NewId(), State = ApprovalState.Open, Reason = request.Reason, RequestedBy = call.Caller.Name, RequestedAtMs = Now(), What = WhatOf(request.ActCase) };
        DemandPermission(call, asked.What);
        switch (request.ActCase)
        {
            case AskForRequest.ActOneofCase.Reclaim:
                request.Reclaim.Approver = call.Caller.Name;
                stores.DemandReclaimable(request.Reclaim);
                asked.Reclaim = request.Reclaim;
                break;
            case AskForRequest.ActOneofCase.Adjustment:
                await DemandFitAsync(request.Adjustment, context.CancellationToken).ConfigureAwait(false);
                asked.Adjustment = request.Adjustment;
                break;
            case AskForRequest.ActOneofCase.Refund:
                DemandFit(request.Refund);
                asked.Refund = request.Refund;
                break;
            default:
                await credits.DemandFitAsync(request.CreditLimit, context.CancellationToken).ConfigureAwait(false);
                asked.CreditLimit = request.CreditLimit;
                break;
        }

        Describe(call, asked);
        return await book.ChangeAsync(asked.Id, _ => asked).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override Task<ListApprovalsResponse> ListApprovals(ListApprovalsRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        var response = new ListApprovalsResponse();
        var wanted = book.Those(approval => string.CompareOrdinal(ApprovalBook.PlaceOf(approval), request.After) > 0
            && DoorTable.Of(approval.What).Admits(call.Caller) && (request.ClosedToo || approval.State is ApprovalState.Open or ApprovalState.Approved));
        var last = Paging.Fill(wanted, request.Limit, response.Approvals.Add, static approval => approval.CalculateSize());
        response.NextAfter = last is null ? "" : ApprovalBook.PlaceOf(last);
        return Task.FromResult(response);
    }

    /// <inheritdoc/>
    public override async Task<Approval> Approve(DecideRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        var approved = await book.ChangeAsync(request.Id, known => Decide(call, known, ApprovalState.Approved)).ConfigureAwait(false);
        if (StoreOrders.StoreOf(approved) > 0)
        {
            return await parts.Orders.GiveAsync(approved, parts.OrderPatience, context.CancellationToken).ConfigureAwait(false);
        }

        var outcome = await DoAsync(approved, context).ConfigureAwait(false);
        return await book.ChangeAsync(request.Id, known => new Approval(known!) { State = ApprovalState.Done, Outcome = outcome }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task<Approval> Reject(DecideRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        var rejected = await book.ChangeAsync(request.Id, known => Decide(call, known, ApprovalState.Rejected)).ConfigureAwait(false);
        parts.Orders.Forget(rejected.Id);
        return rejected;
    }

    private static string WhatOf(AskForRequest.ActOneofCase act) => act switch
    {
        AskForRequest.ActOneofCase.Reclaim => Reclaim,
        AskForRequest.ActOneofCase.Adjustment => Adjust,
        AskForRequest.ActOneofCase.Refund => Refund,
        _ => CreditLimit,
    };

    // What the trail says of it; the grain's own entry names the member of a credit limit.
    private void Describe(DoorCall call, Approval approval)
    {
        (call.Detail, call.Store) = (approval.Id, approval.Reclaim?.Store ?? StoreOrders.StoreOf(approval));
        call.Member = approval switch
        {
            { Adjustment: { } adjustment } => MemberReading.Parse(adjustment.MemberId),
            { Refund: { } refund } => OriginalOps.FindDurable(parts.Journal, OpIdCodec.ToCore(refund.Op))?.Member ?? default,
            _ => default,
        };
    }

    private async Task DemandFitAsync(OrderedAdjustment adjustment, CancellationToken cancellation)
    {
        DemandStore(adjustment.Store);
        if (adjustment.Kind is not (BucketKind.Principal or BucketKind.Points or BucketKind.Lot) || adjustment.DeltaMinor == long.MinValue || !Amount.IsRequestable(Math.Abs(adjustment.DeltaMinor)))
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, $"kind must be principal, points or lot, delta_minor 1 to {Amount.LargestRequestMinor} up or down.");
        }

        await MemberReading.ReadAsync(parts, adjustment.MemberId, cancellation).ConfigureAwait(false);
    }

    private void DemandFit(OrderedRefund refund)
    {
        if (refund.Op is null || OriginalOps.FindDurable(parts.Journal, OpIdCodec.ToCore(refund.Op)) is not { Type: Core.Ops.OpType.Sale })
        {
            throw RpcFault.Of(StatusCode.NotFound, Reason.FieldInvalid, "Headquarters has no such sale. One that was made offline appears when its store is back.");
        }

        DemandStore(refund.Store > 0 ? refund.Store : refund.Op.Store);
        if (!Amount.IsRequestable(refund.AmountMinor))
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, $"amount_minor must be 1 to {Amount.LargestRequestMinor}.");
        }
    }

    private void DemandStore(int store)
    {
        if (parts.Stores.Find(new StoreId(store)) is null)
        {
            throw RpcFault.Of(StatusCode.NotFound, Reason.StoreUnknown, "There is no such store. `synchub store list` shows them.");
        }
    }

    private async Task<string> DoAsync(Approval approved, ServerCallContext context)
    {
        if (approved.CreditLimit is { } limit)
        {
            await credits.SetAsync(limit, context.CancellationToken).ConfigureAwait(false);
            return string.Create(CultureInfo.InvariantCulture, $"The credit limit is {limit.LimitMinor}.");
        }

        var reclaim = approved.Reclaim.Clone();
        reclaim.Approver = $"{approved.DecidedBy} for {approved.RequestedBy}";
        var done = await chainStores.ReclaimAsync(reclaim, context).ConfigureAwait(false);
        return string.Create(CultureInfo.InvariantCulture, $"{done.ReclaimedMinor} of {done.Members} members were taken back.");
    }

    private Approval Decide(DoorCall call, Approval? known, ApprovalState decision)
    {
        if (known is null)
        {
            throw RpcFault.Of(StatusCode.NotFound, Reason.ApprovalUnknown, "There is no such request. `synchub approval list` shows the open ones.");
        }

        DemandPermission(call, known.What);
        Describe(call, known);
        call.RequestedBy = known.RequestedBy;
        if (!parts.OnePersonIsEnough && (call.Caller.IsProgram || (decision == ApprovalState.Approved && string.Equals(call.Caller.Name, known.RequestedBy, StringComparison.OrdinalIgnoreCase))))
        {
            throw RpcFault.Of(StatusCode.PermissionDenied, Reason.NotASecondPerson, "Another person has to decide this, signed in by name.");
        }

        if (known.State == ApprovalState.Approved && decision == ApprovalState.Approved)
        {
            return known; // the hub stopped before it was done
        }

        var isTakenBack = known is { State: ApprovalState.Approved, SentAtMs: 0 } && decision == ApprovalState.Rejected && StoreOrders.StoreOf(known) > 0;
        if (!isTakenBack && (known.State != ApprovalState.Open || Now() - known.RequestedAtMs > LifeMs))
        {
            throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.ApprovalOver, known.State == ApprovalState.Open ? "This was asked for more than a week ago. Ask again." : $"It was decided by {known.DecidedBy}.");
        }

        return new Approval(known) { State = decision, DecidedBy = call.Caller.Name, DecidedAtMs = Now() };
    }

    private static void DemandPermission(DoorCall call, string what)
    {
        if (!DoorTable.Of(what).Admits(call.Caller))
        {
            throw RpcFault.Of(StatusCode.PermissionDenied, Reason.PermissionMissing, $"{what} is not among what you may do.");
        }
    }

    private long Now() => parts.NowMs();
}
