using SyncHub.Core.Primitives;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Engine;

/// <summary>Payments that were stored, and adjustments by hand.</summary>
internal sealed partial class TillDesk
{
    private MemberHere Here(MemberId id, TillCall call) => Here(Find(id, call));

    private MemberHere Here(MemberHere member)
    {
        member.PendingPoints = PendingPointsOf(member.Id);
        return member;
    }

    private long PendingPointsOf(MemberId id) => memory.Machine.Rules.Earn.SpendableAtOnce ? 0 : open.PointsOf(id);

    private EngineReply OnTender(TillCall call, string requestId, V1.OpId? op, string terminal, string person, bool isConfirmed) => OnOwnOp(call, requestId, op, (own, member, id) =>
        memory.Machine.DecideTender(new TenderCommand(Context(call, requestId, terminal, person), OpIdCodec.ToCore(op!), isConfirmed), own, member, id));

    private EngineReply OnAdjust(TillCall call, V1.AdjustRequest request) => OnMember(call, request.RequestId, request.MemberId, (member, id) =>
        memory.Machine.Adjust(new AdjustCommand(Context(call, request.RequestId, request.Terminal, request.Operator), member.Id, (BucketKind)request.Kind, request.DeltaMinor, request.Reason), member, id));
}
