using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Sync;
using SyncHub.Protos.Mapping;
using SyncHub.V1;

namespace SyncHub.Hub.Refunds;

/// <summary>Takes stores' requests for refund rights: finds the op, and lets its member's grain decide (protocol.md 1.12).</summary>
internal static class RefundDesk
{
    /// <summary>Hands a request on, or refuses it where the hub does not have the op.</summary>
    public static void Ask(HubParts parts, Holder holder, IStoreConnection connection, RefundRightRequest request)
    {
        if (request.Op is null || request.Since < 1)
        {
            Refuse(connection, request, Core.Tills.RejectionCode.InvalidRequest, "A refund right is asked for by the op and a place in the own log.");
            return;
        }

        var id = OpIdCodec.ToCore(request.Op);
        if (OriginalOps.FindDurable(parts.Journal, id) is not { } original)
        {
            Refuse(connection, request, Core.Tills.RejectionCode.UnknownOp,
                $"Headquarters has no such op of store {id.Holder.Store}. Check the number; if that store is offline, try again when it is back, or give the amount as goodwill with a top-up.");
            return;
        }

        parts.Grains.Post(new GrainMessage(original.Member, new RefundRightWanted(holder, request.Request, original, request.Since)));
    }

    /// <summary>The answer for the wire.</summary>
    public static RefundRightReply ToWire(SendRefundRight reply, MemberDelta member, Rights rights) => new()
    {
        Request = reply.Request,
        Right = reply.Op is null ? null : RefundCodec.ToWire(reply.Op),
        RefusalCode = (int)(reply.Refusal?.Code ?? Core.Tills.RejectionCode.Unspecified),
        Refusal = reply.Refusal?.Message ?? "",
        Member = member,
        Rights = rights,
    };

    private static void Refuse(IStoreConnection connection, RefundRightRequest request, Core.Tills.RejectionCode code, string message) =>
        connection.Send(new HubFrame { RefundRightReply = new RefundRightReply { Request = request.Request, RefusalCode = (int)code, Refusal = message } });
}
