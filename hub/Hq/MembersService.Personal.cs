using Grpc.Core;
using Grpc.Standard;
using SyncHub.Core.Members;
using SyncHub.Core.Profiles;
using SyncHub.Hub.Members;
using SyncHub.Protos.Mapping;
using SyncHub.V1;

namespace SyncHub.Hub.Hq;

// Profile, tags and erasure by HQ.
internal sealed partial class MembersService
{
    /// <inheritdoc/>
    public override async Task<MemberRecord> ChangeProfile(ChangeProfileRequest request, ServerCallContext context)
    {
        request.Operator = authority.Demand(context, request).NameFor(request.Operator);
        DemandReason(request.Operator, "-");
        var fields = request.Fields.Select(PersonalCodec.ToCore).ToArray();
        var fault = fields.Select(change => ProfileFields.FindFault(change.Field, change.Value)).FirstOrDefault(fault => fault is not null)
            ?? (request.AddTags.Any(tag => tag.Length is 0 or > PersonalData.LongestTag) ? $"A tag has 1 to {PersonalData.LongestTag} characters." : null)
            ?? (fields.Length + request.AddTags.Count + request.RemoveTags.Count == 0 ? "Give fields or tags to change." : null);
        if (fault is not null)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, fault);
        }

        return await AskAsync(request.MemberId, reply => new ProfileWanted(request.Operator, fields, [.. request.AddTags.Distinct()], [.. request.RemoveTags], reply), context).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override Task<MemberRecord> ConfirmPending(ConfirmPendingRequest request, ServerCallContext context)
    {
        request.Operator = authority.Demand(context, request).NameFor(request.Operator);
        DemandReason(request.Operator, "-");
        return AskAsync(request.MemberId, reply => new PendingDecided(request.Operator, (Core.Profiles.ProfileField)request.Field, !request.Reject, reply), context);
    }

    /// <inheritdoc/>
    public override Task<MemberRecord> EraseMember(EraseMemberRequest request, ServerCallContext context)
    {
        request.Operator = authority.Demand(context, request).NameFor(request.Operator);
        DemandReason(request.Operator, request.Reason);
        return AskAsync(request.MemberId, reply => new EraseWanted(request.Operator, request.Reason, reply), context);
    }

    /// <inheritdoc/>
    public override async Task ExportMember(ExportMemberRequest request, IServerStreamWriter<MemberExport> responseStream, ServerCallContext context)
    {
        await foreach (var part in Export(request, context).ConfigureAwait(false))
        {
            await responseStream.WriteAsync(part, context.CancellationToken).ConfigureAwait(false);
        }
    }

    private IAsyncEnumerable<MemberExport> Export(ExportMemberRequest request, ServerCallContext context) =>
        authority.Demand(context, request).Caller.SeesPersonalData ? new MemberExporter(parts, cases).ReadAsync(request.MemberId, context.CancellationToken)
            : throw RpcFault.Of(StatusCode.PermissionDenied, Reason.PermissionMissing, "An export shows everything: it needs the permission members-personal too.");

    private async Task<MemberRecord> AskAsync(string member, Func<object, MemberMessage> question, ServerCallContext context) =>
        MemberReading.Show(parts, await parts.Grains.AskAsync(Parse(member), question, context.CancellationToken).ConfigureAwait(false));
}
