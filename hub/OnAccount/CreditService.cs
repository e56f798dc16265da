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
        if (request.LimitMinor is < 0 or > Amount.LargestRequestMinor)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, $"limit_minor must be 0 (no credit) to {Amount.LargestRequestMinor}.");
        }

        var member = await MemberReading.ReadAsync(parts, request.MemberId, context.CancellationToken).ConfigureAwait(false);
        var view = await parts.Grains.AskAsync(member.Id, reply => new CreditLimitWanted(request.LimitMinor, reply), context.CancellationToken).ConfigureAwait(false);
        return MemberCodec.ToWallet(view, parts.Rules.Rules.Currency);
    }

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

        return Listed();
    }

    /// <inheritdoc/>
    public override Task<V1.FloorDenials> ListFloorDenied(ListFloorDeniedRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        return Task.FromResult(Listed());
    }

    private V1.FloorDenials Listed()
    {
        var listed = new V1.FloorDenials();
        listed.MemberIds.AddRange(parts.Denials.All().Select(member => member.ToString()));
        return listed;
    }
}
