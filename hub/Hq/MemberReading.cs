using Grpc.Core;
using Grpc.Standard;
using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Doors;
using SyncHub.Protos.Mapping;

namespace SyncHub.Hub.Hq;

/// <summary>Reads one member for HQ through its grain, so that what is shown is durable and whole.</summary>
internal static class MemberReading
{
    /// <summary>Reads by the text form of the id.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT or NOT_FOUND.</exception>
    public static Task<MemberView> ReadAsync(HubParts parts, string text, CancellationToken cancellation) => ReadAsync(parts, Parse(text), cancellation);

    /// <summary>Reads the text form of an id.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT.</exception>
    public static MemberId Parse(string text) => MemberId.TryParse(text, out var id)
        ? id
        : throw RpcFault.Of(StatusCode.InvalidArgument, Reason.MemberIdMalformed, "A member id has 26 letters and digits.");

    /// <summary>A member as the caller of this call may see it. Whatever answers with a member goes through here.</summary>
    public static V1.MemberRecord Show(HubParts parts, MemberView view) =>
        MemberCodec.ToRecord(view, parts.Rules.Rules, isMasked: DoorCall.Current is not { Caller.SeesPersonalData: true });

    /// <summary>Reads by id.</summary>
    /// <exception cref="RpcException">NOT_FOUND.</exception>
    public static async Task<MemberView> ReadAsync(HubParts parts, MemberId id, CancellationToken cancellation)
    {
        var view = await parts.Grains.AskAsync(id, reply => new StateWanted(reply), cancellation).ConfigureAwait(false);
        return view.Version > 0 ? view : throw RpcFault.Of(StatusCode.NotFound, Reason.MemberUnknown, "The hub knows no such member. One that was registered offline appears when its store is back.");
    }
}
