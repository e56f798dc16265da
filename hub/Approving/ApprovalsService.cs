using System.Globalization;
using Grpc.Core;
using Grpc.Standard;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Hq;
using SyncHub.Hub.OnAccount;
using SyncHub.Hub.Users;
using SyncHub.V1;

namespace SyncHub.Hub.Approving;

/// <summary>A second pair of eyes: one asks, another one with the same permission approves, and the act carries both names.</summary>
internal sealed class ApprovalsService(HubParts parts, ApprovalBook book, StoresService stores, CreditService credits, Authority authority) : Approvals.ApprovalsBase
{
    private const string Reclaim = "Stores/Reclaim";
    private const string CreditLimit = "Credits/SetCreditLimit";
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

        var asked = new Approval { Id = ApiTokensService.NewId(), State = ApprovalState.Open, Reason = request.Reason, RequestedBy = call.Caller.Name, RequestedAtMs = Now(), What = request.Reclaim is null ? CreditLimit : Reclaim };
        DemandPermission(call, asked.What);
        if (request.Reclaim is { } reclaim)
        {
            reclaim.Approver = call.Caller.Name;
            stores.DemandReclaimable(reclaim);
            (asked.Reclaim, call.Store) = (reclaim, reclaim.Store);
        }
        else
        {
            await credits.DemandFitAsync(request.CreditLimit, context.CancellationToken).ConfigureAwait(false);
            asked.CreditLimit = request.CreditLimit;
        }

        call.Detail = asked.Id;
        return await book.ChangeAsync(asked.Id, _ => asked).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override Task<ListApprovalsResponse> ListApprovals(ListApprovalsRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        var response = new ListApprovalsResponse();
        response.Approvals.AddRange(book.All().Where(approval => DoorTable.Of(approval.What).Admits(call.Caller) && (request.ClosedToo || approval.State is ApprovalState.Open or ApprovalState.Approved)));
        return Task.FromResult(response);
    }

    /// <inheritdoc/>
    public override async Task<Approval> Approve(DecideRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        var approved = await book.ChangeAsync(request.Id, known => Decide(call, known, ApprovalState.Approved)).ConfigureAwait(false);
        var outcome = await DoAsync(approved, context.CancellationToken).ConfigureAwait(false);
        return await book.ChangeAsync(request.Id, known => new Approval(known!) { State = ApprovalState.Done, Outcome = outcome }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override Task<Approval> Reject(DecideRequest request, ServerCallContext context)
    {
        var call = authority.Demand(context, request);
        return book.ChangeAsync(request.Id, known => Decide(call, known, ApprovalState.Rejected));
    }

    private async Task<string> DoAsync(Approval approved, CancellationToken cancellation)
    {
        if (approved.CreditLimit is { } limit)
        {
            await credits.SetAsync(limit, cancellation).ConfigureAwait(false);
            return string.Create(CultureInfo.InvariantCulture, $"The credit limit is {limit.LimitMinor}.");
        }

        var reclaim = approved.Reclaim.Clone();
        reclaim.Approver = $"{approved.DecidedBy} for {approved.RequestedBy}";
        var done = await stores.ReclaimAsync(reclaim, cancellation).ConfigureAwait(false);
        return string.Create(CultureInfo.InvariantCulture, $"{done.ReclaimedMinor} of {done.Members} members were taken back.");
    }

    private Approval Decide(DoorCall call, Approval? known, ApprovalState decision)
    {
        if (known is null)
        {
            throw RpcFault.Of(StatusCode.NotFound, Reason.ApprovalUnknown, "There is no such request. `synchub approval list` shows the open ones.");
        }

        DemandPermission(call, known.What);
        (call.Store, call.Detail, call.RequestedBy) = (known.Reclaim?.Store ?? 0, known.Id, known.RequestedBy);
        if (call.Caller.IsProgram || (decision == ApprovalState.Approved && string.Equals(call.Caller.Name, known.RequestedBy, StringComparison.OrdinalIgnoreCase)))
        {
            throw RpcFault.Of(StatusCode.PermissionDenied, Reason.NotASecondPerson, "Another person has to decide this, signed in by name.");
        }

        if (known.State == ApprovalState.Approved && decision == ApprovalState.Approved)
        {
            return known; // the hub stopped before it was done
        }

        if (known.State != ApprovalState.Open || Now() - known.RequestedAtMs > LifeMs)
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
