using System.Globalization;
using Grpc.Core;
using Grpc.Standard;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using SyncHub.V1;

namespace SyncHub.Hub.Hq;

// Merge and un-merge, by HQ alone.
internal sealed partial class MembersService
{
    private const int LongestText = 200;

    /// <inheritdoc/>
    public override async Task<MemberRecord> MergeMembers(MergeMembersRequest request, ServerCallContext context)
    {
        request.Operator = authority.Demand(context, request).NameFor(request.Operator);
        var (loser, survivor) = (Parse(request.LoserId), Parse(request.SurvivorId));
        DemandReason(request.Operator, request.Reason);
        await DemandLimitAsync(loser, survivor, context.CancellationToken).ConfigureAwait(false);
        var view = await parts.Grains.AskAsync(survivor, reply => new MergeWanted(loser, request.Operator, request.Reason, reply), context.CancellationToken).ConfigureAwait(false);
        return MemberReading.Show(parts, view);
    }

    /// <inheritdoc/>
    public override async Task<MemberRecord> UnmergeMember(UnmergeMemberRequest request, ServerCallContext context)
    {
        request.Operator = authority.Demand(context, request).NameFor(request.Operator);
        var alias = await MemberReading.ReadAsync(parts, request.AliasId, context.CancellationToken).ConfigureAwait(false);
        DemandReason(request.Operator, request.Reason);
        if (alias.AliasOf == default)
        {
            throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.NotAnAlias, "The member is nobody's alias.");
        }

        var view = await parts.Grains.AskAsync(alias.AliasOf, reply => new UnmergeWanted(alias.Id, request.Operator, request.Reason, reply), context.CancellationToken).ConfigureAwait(false);
        return MemberReading.Show(parts, view);
    }

    // The larger limit follows a merge: so one person alone merges nobody into a limit that he could not give alone. What is raised between this
    // look and the merge, two people have decided for the loser, and the trail has both.
    private async Task DemandLimitAsync(MemberId loser, MemberId survivor, CancellationToken cancellation)
    {
        if (parts.OnePersonIsEnough)
        {
            return;
        }

        var limit = (await parts.Grains.AskAsync(loser, reply => new StateWanted(reply), cancellation).ConfigureAwait(false)).CreditLimitMinor;
        if (limit > parts.ApprovalAboveMinor && limit > (await parts.Grains.AskAsync(survivor, reply => new StateWanted(reply), cancellation).ConfigureAwait(false)).CreditLimitMinor)
        {
            throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.SecondPersonNeeded, string.Create(CultureInfo.InvariantCulture,
                $"The survivor would have the loser's credit limit of {limit}; one above {parts.ApprovalAboveMinor} needs two people. Ask for that limit for the survivor (`synchub member credit --ask REASON`) and have another one approve it, or lower the loser's; then merge."));
        }
    }

    private static MemberId Parse(string text) => MemberId.TryParse(text, out var id) ? id
        : throw RpcFault.Of(StatusCode.InvalidArgument, Reason.MemberIdMalformed, "A member id has 26 letters and digits.");

    private static void DemandReason(string person, string reason)
    {
        if (person.Length is 0 or > LongestText || reason.Length is 0 or > LongestText)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, $"operator and reason are needed, of 1 to {LongestText} characters each.");
        }
    }
}
