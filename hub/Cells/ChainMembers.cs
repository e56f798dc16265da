using Grpc.Core;
using Grpc.Standard;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Hq;
using SyncHub.V1;

namespace SyncHub.Hub.Cells;

/// <summary>Members of the whole chain: each asked of the cell that it is in.</summary>
internal sealed class ChainMembers(CellFront front, MembersService here) : V1.Members.MembersBase
{
    /// <inheritdoc/>
    public override Task<MemberRecord> GetMember(GetMemberRequest request, ServerCallContext context) =>
        front.OfMemberAsync(request.MemberId, request, context, here.GetMember, static (invoker, asked, options) => Client(invoker).GetMemberAsync(asked, options));

    /// <inheritdoc/>
    public override async Task<MemberRecord> FindMember(FindMemberRequest request, ServerCallContext context)
    {
        if (front.IsAlone || request.KeyCase == FindMemberRequest.KeyOneofCase.None)
        {
            return await here.FindMember(request, context).ConfigureAwait(false);
        }

        var found = new List<MemberRecord>();
        RpcException? unknown = null;
        foreach (var hub in front.Others.Prepend(null))
        {
            try
            {
                found.Add(hub is null ? await here.FindMember(request, context).ConfigureAwait(false)
                    : await CellFront.AskAsync(hub, context, (invoker, options) => Client(invoker).FindMemberAsync(request, options)).ConfigureAwait(false));
            }
            catch (RpcException fault) when (fault.StatusCode == StatusCode.NotFound)
            {
                unknown = fault;
            }
        }

        return found.Count switch
        {
            0 => throw unknown!,
            1 => found[0],
            _ => throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.ContactTwice, $"Members of different cells have it: {string.Join(", ", found.Select(member => member.MemberId))}. Get them by their numbers, and take it from one of them."),
        };
    }

    /// <inheritdoc/>
    public override async Task<MemberRecord> CreateMember(CreateMemberRequest request, ServerCallContext context)
    {
        if (front.IsAlone)
        {
            return await here.CreateMember(request, context).ConfigureAwait(false);
        }

        var (phone, card) = (request.Profile?.Phone ?? "", request.Profile?.Card ?? "");
        var number = front.Here.NumberOf(phone, card, Guid.NewGuid().ToString());
        foreach (var other in front.Others.Where(hub => hub.Cell.Number != number && phone.Length + card.Length > 0))
        {
            var known = await CellFront.AskAsync(other, context, (invoker, options) => new V1.Cells.CellsClient(invoker).KnowsAsync(new KnowsRequest { Phone = phone, Card = card }, options)).ConfigureAwait(false);
            DemandFree(known);
        }

        if (number != front.Here.Number)
        {
            DemandFree(new KnowsResponse { Phone = here.Has("phone", phone), Card = here.Has("card", card) });
        }

        return front.HubOf(number) is { } hub
            ? await CellFront.AskAsync(hub, context, (invoker, options) => Client(invoker).CreateMemberAsync(request, options)).ConfigureAwait(false)
            : await here.CreateMember(request, context).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override Task<MemberRecord> MergeMembers(MergeMembersRequest request, ServerCallContext context)
    {
        if (MemberId.TryParse(request.LoserId, out var loser) && MemberId.TryParse(request.SurvivorId, out var survivor) && front.Here.NumberOf(loser) != front.Here.NumberOf(survivor))
        {
            throw RpcFault.Of(StatusCode.FailedPrecondition, Reason.CellsDiffer,
                $"{request.LoserId} is in cell {front.Here.NumberOf(loser)}, {request.SurvivorId} in cell {front.Here.NumberOf(survivor)}: members of different cells cannot be merged. Move what the one has by two orders (`synchub order adjust`), then erase it.");
        }

        return front.OfMemberAsync(request.SurvivorId, request, context, here.MergeMembers, static (invoker, asked, options) => Client(invoker).MergeMembersAsync(asked, options));
    }

    /// <inheritdoc/>
    public override Task<MemberRecord> UnmergeMember(UnmergeMemberRequest request, ServerCallContext context) =>
        front.OfMemberAsync(request.AliasId, request, context, here.UnmergeMember, static (invoker, asked, options) => Client(invoker).UnmergeMemberAsync(asked, options));

    /// <inheritdoc/>
    public override Task<MemberRecord> ChangeProfile(ChangeProfileRequest request, ServerCallContext context) =>
        front.OfMemberAsync(request.MemberId, request, context, here.ChangeProfile, static (invoker, asked, options) => Client(invoker).ChangeProfileAsync(asked, options));

    /// <inheritdoc/>
    public override Task<MemberRecord> ConfirmPending(ConfirmPendingRequest request, ServerCallContext context) =>
        front.OfMemberAsync(request.MemberId, request, context, here.ConfirmPending, static (invoker, asked, options) => Client(invoker).ConfirmPendingAsync(asked, options));

    /// <inheritdoc/>
    public override Task<MemberRecord> EraseMember(EraseMemberRequest request, ServerCallContext context) =>
        front.OfMemberAsync(request.MemberId, request, context, here.EraseMember, static (invoker, asked, options) => Client(invoker).EraseMemberAsync(asked, options));

    /// <inheritdoc/>
    public override Task ExportMember(ExportMemberRequest request, IServerStreamWriter<MemberExport> responseStream, ServerCallContext context) => front.HubOf(request.MemberId) is { } hub
        ? CellFront.StreamAsync(hub, context, (invoker, options) => Client(invoker).ExportMember(request, options), responseStream.WriteAsync)
        : here.ExportMember(request, responseStream, context);

    private static V1.Members.MembersClient Client(CallInvoker invoker) => new(invoker);

    private static void DemandFree(KnowsResponse known)
    {
        if (known.Phone || known.Card)
        {
            throw RpcFault.Of(StatusCode.AlreadyExists, Reason.ContactTaken, $"Another member has this {(known.Phone ? "phone" : "card")}. Find that member first.");
        }
    }
}
