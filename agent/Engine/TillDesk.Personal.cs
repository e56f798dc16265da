using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Tills;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Engine;

// Profile and tags: ops like any other, shown here at once, and everywhere when the hub has joined them.
internal sealed partial class TillDesk
{
    private EngineReply SetProfile(TillCall call, V1.SetProfileRequest request)
    {
        var fields = request.Fields.Select(change => new FieldChange((ProfileField)change.Field, change.Value.Trim())).ToArray();
        return OnPerson(call, request.RequestId, request.MemberId, (member, stamp) => FindTaken(member, fields)
            ?? memory.Machine.SetProfile(Context(call, request.RequestId, request.Terminal, request.Operator), member, fields, request.Proved && call.IsOnline, stamp, work.NextId));
    }

    private EngineReply AddTag(TillCall call, V1.TagRequest request) => OnPerson(call, request.RequestId, request.MemberId, (member, stamp) =>
        memory.Machine.AddTag(Context(call, request.RequestId, request.Terminal, request.Operator), member, request.Tag.Trim(), stamp, work.NextId));

    private EngineReply RemoveTag(TillCall call, V1.UntagRequest request) => OnPerson(call, request.RequestId, request.MemberId, (member, stamp) =>
        memory.Machine.RemoveTag(Context(call, request.RequestId, request.Terminal, request.Operator), member, request.Tag.Trim(), stamp, work.NextId));

    private EngineReply OnPerson(TillCall call, string requestId, string memberId, Func<MemberHere, Hlc, TillDecision> decide)
    {
        if (_requests.Find(requestId, call.Request) is { } recorded)
        {
            return new EngineReply { Answer = recorded };
        }

        if (!MemberId.TryParse(memberId, out var id))
        {
            return Refuse(call, RejectionCode.InvalidRequest, "member_id must be the 26 characters that Register or Identify gave.");
        }

        var member = Here(id, call);
        var decision = decide(member, memory.Clock.Next(call.NowMs));
        if (decision.Rejection is { Code: RejectionCode.InvalidRequest } invalid)
        {
            return Refuse(call, invalid.Code, invalid.Message);
        }

        if (!member.IsKnown || member.Replica is { IsErased: true })
        {
            return Unknown(call, id);
        }

        if (memory.LockReason.Length > 0)
        {
            return Refuse(call, RejectionCode.AgentLocked, memory.LockReason);
        }

        if (decision.Op is not { } op)
        {
            return Refuse(call, decision.Rejection!.Code, decision.Rejection.Message);
        }

        if (memory.Machine.FindUnsigned(op) is { } unsigned)
        {
            return Refuse(call, unsigned.Code, unsigned.Message);
        }

        var hash = Log(op, member, call.NowMs);
        memory.SetClock(op.Stamp);
        members.AddEdit(member, new Edit(op, hash));
        var answer = new V1.IdentifyAnswer { Member = Answers.View(member, Available(member, call), memory.Machine.Rules) };
        _requests.Record(requestId, call.Request, answer, call.NowMs);
        return new EngineReply { Answer = answer, Member = member.Id };
    }

    private TillDecision? FindTaken(MemberHere member, IReadOnlyList<FieldChange> fields)
    {
        foreach (var (field, value) in fields)
        {
            var owner = field == ProfileField.Phone ? members.FindPhone(value) : field == ProfileField.Card ? members.FindCard(value) : null;
            if (owner is { } other && members.Resolve(other).Id != member.Id)
            {
                return TillDecision.Refuse(RejectionCode.DuplicateClaim, "Another member has this phone or card. Identify that member, or ask headquarters to merge the two.");
            }
        }

        return null;
    }
}
