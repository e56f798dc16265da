using SyncHub.Core.Mechanisms;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;

namespace SyncHub.Core.Members;

// Profile, tags and erasure (protocol.md 1.15).
public sealed partial class MemberState
{
    /// <summary>Profile and tags with the stamps that they won by.</summary>
    public PersonalData Personal { get; } = new();

    /// <summary>Whether the member's data were erased; the money stays accounted.</summary>
    public bool IsErased => Personal.IsErased;

    private void ApplyPersonal(OpApplied applied)
    {
        var op = applied.Op;
        // Ops of older agents have no stamp: the till's clock is all there is. Clamped by when the hub recorded it, which the event says.
        var at = (op.Stamp == default ? new Hlc(op.OccurredAtMs, 0) : op.Stamp).Clamped(RecordedAtMs);
        switch (op.Type)
        {
            case OpType.ProfileSet:
                foreach (var change in op.Fields)
                {
                    Personal.Write(change, new Stamp(at, op.Id), op.IsProved || !ProfileFields.NeedsProof(change.Field));
                }

                break;
            case OpType.TagAdd:
                Personal.Add(op.Tag, new Dot(op.Id, Switches.IsOff(Mechanism.DotsTellHistories) ? 0 : applied.HashHead));
                break;
            case OpType.TagRemove:
                Personal.Remove(Switches.IsOff(Mechanism.TagsAreDots) ? [.. Personal.TagDots.Where(dot => dot.Tag == op.Tag).Select(dot => dot.Dot)] : op.RemovedDots, HasApplied, Survivors.Count > 0);
                break;
            case OpType.RegisterMember:
                Register(op.Profile ?? MemberProfile.Empty, new Stamp(at, op.Id));
                return;
            default:
                return;
        }

        Profile = Personal.ProfileAt(Profile.HomeStore);
    }

    private OpOutcome? ApplyPersonal(MemberEvent change)
    {
        switch (change)
        {
            case ProfileChanged changed:
                var stamp = HqStamp();
                foreach (var field in changed.Fields)
                {
                    Personal.Write(field, stamp, isProved: true);
                }

                for (var i = 0; i < changed.AddedTags.Count; i++)
                {
                    Personal.Add(changed.AddedTags[i], changed.AddedDots.Count > i ? changed.AddedDots[i] : new Dot(new OpId(new Holder(default, new Incarnation(i)), Version)));
                }

                Personal.Remove(changed.RemovedDots, _ => true, Survivors.Count > 0);
                Profile = Personal.ProfileAt(Profile.HomeStore);
                return null;
            case MemberErased:
                Personal.Erase();
                Profile = MemberProfile.Empty;
                return null;
            default:
                return ApplyMerge(change);
        }
    }

    private void Register(MemberProfile profile, Stamp stamp)
    {
        Registered = true;
        if (IsErased)
        {
            return;
        }

        foreach (var field in ProfileFields.All)
        {
            Personal.Write(new FieldChange(field, ProfileFields.Of(profile, field)), stamp, isProved: true);
        }

        Profile = Personal.ProfileAt(Profile.HomeStore == default ? profile.HomeStore : Profile.HomeStore);
    }

    // HQ sees what is there, and means to replace it: its stamp is above every one that it could see.
    private Stamp HqStamp() => new(Personal.Newest.Next(RecordedAtMs), new OpId(default, Version));

    /// <summary>Names a tag that HQ adds now, and nothing else at any member: tags move when members are merged, and a restored hub gives versions again that stores may know.</summary>
    /// <param name="nowMs">The hub's clock.</param>
    /// <param name="index">Which one of the same change.</param>
    public Dot HqDot(long nowMs, int index)
    {
        const long Spread = 0x1E37_79B9_7F4A_7C15; // odd, so that moments next to each other are far apart
        return new Dot(new OpId(new Holder(default, new Incarnation(unchecked(((long)Id.Value ^ ((nowMs * Spread) + index)) & long.MaxValue))), Version + 1));
    }

    /// <summary>Before this version a snapshot held the profile alone: what it says counts from when it was recorded.</summary>
    public void AdoptProfile(MemberProfile profile, long recordedAtMs)
    {
        foreach (var field in ProfileFields.All.Where(field => ProfileFields.Of(profile, field).Length > 0))
        {
            Personal.Write(new FieldChange(field, ProfileFields.Of(profile, field)), new Stamp(new Hlc(recordedAtMs, 0), default), isProved: true);
        }
    }
}
