using System.Globalization;
using Grpc.Core;
using Grpc.Standard;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Hq;
using SyncHub.Hub.Sync;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Hub.OnAccount;

/// <summary>Credit for HQ: limits of members, and who is denied the floor.</summary>
internal sealed class CreditService(HubParts parts, Authority authority) : Credits.CreditsBase
{
    /// <inheritdoc/>
    public override async Task<Wallet> SetCreditLimit(SetCreditLimitRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        var member = await DemandFitAsync(request, context.CancellationToken).ConfigureAwait(false);
        if (!parts.OnePersonIsEnough && request.LimitMinor > parts.ApprovalAboveMinor && request.LimitMinor > member.CreditLimitMinor)
        {
            throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.SecondPersonNeeded, string.Create(CultureInfo.InvariantCulture,
                $"A credit limit above {parts.ApprovalAboveMinor} needs two people. Ask for it (`synchub member credit --ask REASON`); another one approves it (`synchub approval approve ID`)."));
        }

        return await SetAsync(request, context.CancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sets a limit that was approved as the chain wants it.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT or NOT_FOUND.</exception>
    public async Task<Wallet> SetAsync(SetCreditLimitRequest request, CancellationToken cancellation)
    {
        var member = await DemandFitAsync(request, cancellation).ConfigureAwait(false);
        var view = await parts.Grains.AskAsync(member.Id, reply => new CreditLimitWanted(request.LimitMinor, reply), cancellation).ConfigureAwait(false);
        return MemberCodec.ToWallet(view, parts.Rules.Rules.Currency);
    }

    /// <summary>The member, where the limit makes sense.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT or NOT_FOUND.</exception>
    public Task<Core.Members.MemberView> DemandFitAsync(SetCreditLimitRequest request, CancellationToken cancellation) =>
        request.LimitMinor is < 0 or > Amount.LargestRequestMinor ? throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, $"limit_minor must be 0 (no credit) to {Amount.LargestRequestMinor}.")
            : MemberReading.ReadAsync(parts, request.MemberId, cancellation);

    /// <inheritdoc/>
    public override async Task<V1.FloorDenials> SetFloorDenied(SetFloorDeniedRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        if (!MemberId.TryParse(request.MemberId, out var member))
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.MemberIdMalformed, "member_id must be the 26 characters of a member's number.");
        }

        var batch = new JournalBatch();
        batch.Documents.Add(parts.Denials.Set(member, request.Denied));
        var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        parts.Pipeline.Submit(batch, null, () => durable.TrySetResult());
        await durable.Task.WaitAsync(context.CancellationToken).ConfigureAwait(false);
        PolicyFrame.SendToAll(parts);

        return Listed("", limit: 0);
    }

    /// <inheritdoc/>
    public override Task<V1.FloorDenials> ListFloorDenied(ListFloorDeniedRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        return Task.FromResult(Listed(request.After, request.Limit));
    }

    private V1.FloorDenials Listed(string after, int limit)
    {
        var listed = new V1.FloorDenials();
        var members = parts.Denials.All().Select(member => member.ToString()).Order(StringComparer.Ordinal).Where(member => string.CompareOrdinal(member, after) > 0);
        listed.NextAfter = Paging.Fill(members, limit, listed.MemberIds.Add, static member => member.Length) ?? "";
        return listed;
    }
}
