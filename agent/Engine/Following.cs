using SyncHub.Core.Mechanisms;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Tills;

namespace SyncHub.Agent.Engine;

/// <summary>Of whom this store keeps a replica: it drops those who no longer come, and its log says so (docs/protocol.md, "Who follows whom").</summary>
/// <remarks>
/// Right lines stay when a replica goes: grants are cumulative, and a line that began again from zero could be spent twice. They hold amounts
/// and no personal data. Owned by the engine; not thread-safe.
/// </remarks>
internal sealed class Following(Workspace work, MemberShelf members, AgentMemory memory, Action<Op, MemberHere> log)
{
    /// <summary>Looks at a page of replicas; where a new life began, says first of whom this database has one.</summary>
    public EngineReply Unfollow(UnfollowIdle idle)
    {
        if (memory.LockReason.Length > 0)
        {
            return new EngineReply { NextKey = idle.AfterKey }; // I21
        }

        if (memory.FollowsToSay is { } said)
        {
            SayAll(said, idle);
            return new EngineReply { NextKey = idle.AfterKey };
        }

        var page = work.Journal.ReadDocuments(MemberShelf.ReplicaOf, [], idle.AfterKey, idle.Limit);
        var dropped = 0;
        foreach (var document in page)
        {
            dropped += Unfollow(members.Get(MemberId.FromBytes(document.Key)), idle);
        }

        return new EngineReply { Pruned = dropped, NextKey = page.Count < idle.Limit ? null : page[^1].Key };
    }

    /// <summary>The hub told of members whom the log says this store does not follow: from here on it does.</summary>
    public void SayAgain(long nowMs)
    {
        foreach (var id in memory.LockReason.Length > 0 ? [] : members.TakeToFollow())
        {
            var member = members.Get(id);
            if (member is { IsUnfollowed: true, Replica: not null })
            {
                Follow(member, nowMs);
                member.LastUsedMs = nowMs; // somebody asked for the member, or headquarters placed rights here
            }
        }
    }

    // A merged member and its survivor are one person to a till: they stay, or go, together.
    private int Unfollow(MemberHere member, UnfollowIdle idle)
    {
        if (member.Replica is null)
        {
            return 0; // with its survivor, in this page
        }

        var person = PersonOf(member);
        if (person.Any(here => !here.IsIdle || !IsUnused(here, idle)))
        {
            return 0;
        }

        foreach (var here in person)
        {
            var op = new Op { Id = work.NextId, Type = OpType.Unfollow, Member = here.Id, OccurredAtMs = idle.NowMs };
            log(op, here);
            members.Drop(here, op.Id.Sequence);
        }

        return person.Count;
    }

    private List<MemberHere> PersonOf(MemberHere member)
    {
        List<MemberHere> person = [members.Resolve(member.Id)];
        for (var i = 0; i < person.Count; i++)
        {
            foreach (var alias in person[i].Replica?.Aliases ?? [])
            {
                if (members.Get(alias) is { Replica: not null } known && !person.Contains(known))
                {
                    person.Add(known);
                }
            }
        }

        if (!person.Contains(member))
        {
            person.Add(member); // whose survivor does not know it yet
        }

        return person;
    }

    // A replica that no till ever touched counts from when it is first looked at.
    private bool IsUnused(MemberHere member, UnfollowIdle idle)
    {
        if (member.LastUsedMs == 0)
        {
            member.LastUsedMs = idle.NowMs;
            members.MarkChanged(member);
        }

        return member.LastUsedMs < idle.UnusedSinceMs;
    }

    private void SayAll(byte[] after, UnfollowIdle idle)
    {
        var page = work.Journal.ReadDocuments(MemberShelf.ReplicaOf, [], after, idle.Limit);
        foreach (var document in page)
        {
            if (members.Get(MemberId.FromBytes(document.Key)) is { Replica: not null } member)
            {
                Follow(member, idle.NowMs);
            }
        }

        memory.SetFollowsToSay(page.Count < idle.Limit ? null : page[^1].Key);
    }

    private void Follow(MemberHere member, long nowMs)
    {
        if (!Switches.IsOff(Mechanism.FollowIsSaid))
        {
            log(new Op { Id = work.NextId, Type = OpType.Follow, Member = member.Id, OccurredAtMs = nowMs }, member);
        }

        member.IsUnfollowed = false;
        members.MarkChanged(member);
    }
}
