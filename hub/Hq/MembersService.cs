using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using Grpc.Standard;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Cases;
using SyncHub.Protos.Mapping;
using SyncHub.V1;
using MemberProfile = SyncHub.Core.Members.MemberProfile;

namespace SyncHub.Hub.Hq;

/// <summary>Members for HQ: read, find, create.</summary>
internal sealed partial class MembersService(HubParts parts, CaseBook cases, Authority authority) : V1.Members.MembersBase
{
    /// <inheritdoc/>
    public override async Task<MemberRecord> GetMember(GetMemberRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        return MemberReading.Show(parts, await MemberReading.ReadAsync(parts, request.MemberId, context.CancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public override async Task<MemberRecord> FindMember(FindMemberRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        var (collection, key) = request.KeyCase switch
        {
            FindMemberRequest.KeyOneofCase.Phone => ("phone", request.Phone),
            FindMemberRequest.KeyOneofCase.Card => ("card", request.Card),
            _ => throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, "Give a phone or a card."),
        };
        var id = parts.Journal.ReadDocument(collection, Encoding.UTF8.GetBytes(key))
            ?? throw RpcFault.Of(StatusCode.NotFound, Reason.MemberUnknown, $"No member has this {collection}.");
        var view = await MemberReading.ReadAsync(parts, MemberId.FromBytes(id), context.CancellationToken).ConfigureAwait(false);
        while (view.AliasOf != default)
        {
            view = await MemberReading.ReadAsync(parts, view.AliasOf, context.CancellationToken).ConfigureAwait(false); // the phone or card of a merged member leads to the survivor
        }

        return MemberReading.Show(parts, view);
    }

    /// <inheritdoc/>
    public override async Task<MemberRecord> CreateMember(CreateMemberRequest request, ServerCallContext context)
    {
        authority.Demand(context, request);
        var profile = request.Profile is null ? MemberProfile.Empty : MemberCodec.ToCore(request.Profile);
        if (profile.Name.Length is 0 or > 100)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, "A name of 1 to 100 characters is needed.");
        }

        DemandFree("phone", profile.Phone);
        DemandFree("card", profile.Card);
        var id = parts.Stores.Cell.NewMember(parts.NowMs(), RandomNumberGenerator.GetBytes(10));
        var view = await parts.Grains.AskAsync(id, reply => new RegisterWanted(profile, reply), context.CancellationToken).ConfigureAwait(false);
        return MemberReading.Show(parts, view);
    }

    /// <summary>Whether a member of this hub has a phone or card.</summary>
    public bool Has(string collection, string key) => key.Length > 0 && parts.Journal.ReadDocument(collection, Encoding.UTF8.GetBytes(key)) is not null;

    private void DemandFree(string collection, string key)
    {
        if (Has(collection, key))
        {
            throw RpcFault.Of(StatusCode.AlreadyExists, Reason.ContactTaken, $"Another member has this {collection}. Find that member first.");
        }
    }
}
