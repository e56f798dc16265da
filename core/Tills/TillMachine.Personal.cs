using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;

namespace SyncHub.Core.Tills;

// Profile and tags at a till, online and offline alike (protocol.md 1.15).
public sealed partial class TillMachine
{
    /// <summary>New values of fields. Contact fields that are not proved are noted, and count when HQ or an online till confirms them.</summary>
    public TillDecision SetProfile(TillContext context, MemberHere member, IReadOnlyList<FieldChange> fields, bool isProved, Hlc stamp, OpId id)
    {
        var fault = fields.Count == 0 || fields.DistinctBy(change => change.Field).Count() != fields.Count ? "Give each field that changes, once."
            : fields.Select(change => ProfileFields.FindFault(change.Field, change.Value)).FirstOrDefault(found => found is not null);
        return FindText(context)
            ?? (fault is not null ? TillDecision.Refuse(RejectionCode.InvalidRequest, fault)
                : Accept(Draft(context, id, OpType.ProfileSet, member.Id, []) with { Fields = fields, IsProved = isProved, Stamp = stamp }, default));
    }

    /// <summary>A tag more.</summary>
    public TillDecision AddTag(TillContext context, MemberHere member, string tag, Hlc stamp, OpId id) =>
        FindText(context)
        ?? (tag.Length is 0 or > PersonalData.LongestTag ? TillDecision.Refuse(RejectionCode.InvalidRequest, $"A tag has 1 to {PersonalData.LongestTag} characters.")
            : Accept(Draft(context, id, OpType.TagAdd, member.Id, []) with { Tag = tag, Stamp = stamp }, default));

    /// <summary>A tag less: what this store has seen of it. One that another store adds at the same time stays.</summary>
    public TillDecision RemoveTag(TillContext context, MemberHere member, string tag, Hlc stamp, OpId id)
    {
        Dot[] seen = [.. member.TagsHere.Where(dot => dot.Tag == tag).Select(dot => dot.Dot)];
        return FindText(context)
            ?? (seen.Length == 0 ? TillDecision.Refuse(RejectionCode.InvalidRequest, "The member has no such tag here.")
                : Accept(Draft(context, id, OpType.TagRemove, member.Id, []) with { Tag = tag, RemovedDots = seen, Stamp = stamp }, default));
    }
}
