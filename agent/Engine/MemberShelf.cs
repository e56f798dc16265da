using System.Text;
using SyncHub.Core.Mechanisms;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Engine;

/// <summary>The members that tills touched last, in memory; all others lie in the journal until they are asked for.</summary>
/// <remarks>Owned by the engine; not thread-safe. Whoever was asked for stays until <see cref="Save"/>, whatever the bound.</remarks>
internal sealed class MemberShelf(Workspace work, int capacity)
{
    private const string LinesOf = "lines";

    /// <summary>The collection of what the hub last said of each member that this store follows.</summary>
    public const string ReplicaOf = "replica";

    private const string ProfileOf = "profile";
    private const string EditsOf = "edits";
    private const string PhoneOf = "phone";
    private const string CardOf = "card";
    private const int LongestChain = 32; // survivors that were merged in their turn; the hub keeps aliases free of cycles, a damaged replica may not be

    private readonly Dictionary<MemberId, LinkedListNode<MemberHere>> _byId = [];
    private readonly LinkedList<MemberHere> _newestFirst = new();
    private readonly SortedDictionary<MemberId, MemberHere> _changed = [];

    // Merged members whose right lines here may hold something that belongs on the survivor's line.
    private readonly SortedSet<MemberId> _toUnite = [];

    // Members with a replica of whom the log says that there is none.
    private readonly SortedSet<MemberId> _toFollow = [];

    /// <summary>How many members this store knows.</summary>
    public long KnownCount { get; private set; }

    public void Load()
    {
        _byId.Clear();
        _newestFirst.Clear();
        _changed.Clear();
        _toUnite.Clear();
        _toFollow.Clear();
        KnownCount = work.Journal.CountDocuments(ReplicaOf) + work.Journal.CountDocuments(ProfileOf);
    }

    /// <summary>A new life begins: rights of the old one count nothing any more.</summary>
    public void BeginLife()
    {
        if (Switches.IsOff(Mechanism.LinesEndWithLife))
        {
            return;
        }

        _changed.Clear();
        foreach (var member in _newestFirst)
        {
            member.Lines.Clear();
            member.UnfollowedAt = 0; // a place in the log that is over
        }
    }

    public MemberHere Get(MemberId id)
    {
        if (_byId.TryGetValue(id, out var node))
        {
            _newestFirst.Remove(node);
        }
        else
        {
            node = new LinkedListNode<MemberHere>(Read(id));
            _byId[id] = node;
            if (Switches.IsOff(Mechanism.MembersStayWhileDeciding))
            {
                Evict();
            }
        }

        _newestFirst.AddFirst(node);
        return node.Value;
    }

    /// <summary>The member itself, or the survivor that it was merged into, as far as this store knows that one.</summary>
    public MemberHere Resolve(MemberId id)
    {
        var member = Get(id);
        for (var hops = 0; hops < LongestChain && member.Replica is { } replica && replica.AliasOf != default && Get(replica.AliasOf) is { IsKnown: true } survivor; hops++)
        {
            member = survivor;
        }

        return member;
    }

    /// <summary>Merged members to look at, once each.</summary>
    public IReadOnlyList<MemberId> TakeToUnite()
    {
        if (_toUnite.Count == 0)
        {
            return [];
        }

        MemberId[] taken = [.. _toUnite];
        _toUnite.Clear();
        return taken;
    }

    /// <summary>Members whom this store follows again, once each.</summary>
    public IReadOnlyList<MemberId> TakeToFollow()
    {
        if (_toFollow.Count == 0)
        {
            return [];
        }

        MemberId[] taken = [.. _toFollow];
        _toFollow.Clear();
        return taken;
    }

    /// <summary>Drops what the hub said of an idle member, and what finds it by phone or card. What was granted and used here stays.</summary>
    /// <param name="member">Who.</param>
    /// <param name="sequence">The op that says so.</param>
    public void Drop(MemberHere member, long sequence)
    {
        Index(ProfileOfMember(member), MemberProfile.Empty, member.Id);
        work.Write(ReplicaOf, member.Id.ToBytes(), null);
        member.Replica = null;
        (member.IsUnfollowed, member.UnfollowedAt) = (true, sequence);
        KnownCount--;
        if (Switches.IsOff(Mechanism.LinesOutliveReplicas))
        {
            member.Lines.Clear();
        }

        _changed[member.Id] = member;
    }

    public MemberId? FindPhone(string phone) => Find(PhoneOf, phone);

    public MemberId? FindCard(string card) => Find(CardOf, card);

    public void MarkChanged(MemberHere member)
    {
        _changed[member.Id] = member;
        if (member.Replica is { } replica && replica.AliasOf != default)
        {
            _toUnite.Add(member.Id);
        }
    }

    /// <summary>A till dealt with the member. Written at most once a day by itself: reading must not cost an fsync.</summary>
    public void Touch(MemberHere member, long nowMs)
    {
        if (member.Lines.Count > 0 && nowMs - member.LastUsedMs > Core.Rules.Calendar.DayMs)
        {
            MarkChanged(member);
        }

        member.LastUsedMs = nowMs;
    }

    /// <summary>A member was registered here; the profile lies by itself until the hub sends its own word.</summary>
    public void Register(MemberHere member, MemberProfile profile)
    {
        work.Write(ProfileOf, member.Id.ToBytes(), Google.Protobuf.MessageExtensions.ToByteArray(MemberCodec.ToWire(profile)));
        KnownCount++;
        Index(MemberProfile.Empty, profile, member.Id);
    }

    /// <summary>A till changed the profile or a tag: it counts here at once, and lies by itself until the hub's word contains it.</summary>
    public void AddEdit(MemberHere member, Edit edit)
    {
        var before = ProfileOfMember(member);
        member.Edits.Add(edit);
        SaveEdits(member);
        Index(before, ProfileOfMember(member), member.Id);
    }

    private void SaveEdits(MemberHere member)
    {
        var edits = new V1.AgentEdits();
        edits.Sequences.AddRange(member.Edits.Select(edit => edit.Op.Id.Sequence));
        work.Write(EditsOf, member.Id.ToBytes(), member.Edits.Count == 0 ? null : Google.Protobuf.MessageExtensions.ToByteArray(edits));
    }

    /// <summary>Applies what the hub said. Everything in it is absolute: old or repeated news changes nothing.</summary>
    /// <param name="news">What it said.</param>
    /// <param name="nowMs">The time.</param>
    /// <param name="isAnswer">Whether a till waits for it: then the member is followed again, whatever the log said before.</param>
    public void Receive(HubNews news, long nowMs, bool isAnswer)
    {
        if (news.Rights is { Member.Length: 16 } rights && rights.Incarnation == work.Holder.Incarnation.Value)
        {
            var member = Get(MemberId.FromBytes(rights.Member.Span));
            foreach (var line in rights.Lines)
            {
                Grant(member, BucketCodec.ToCore(line.Bucket), line.Granted, nowMs);
            }
        }

        // Version 0 is a member that the hub has not heard of yet: that is no word on it.
        if (news.Member is { Member.Length: 16, Version: > 0 } delta)
        {
            Receive(delta, nowMs, isAnswer);
        }
    }

    /// <summary>A page of the members that the hub tells this store of.</summary>
    public EngineReply ReportFollowed(ReportFollowed report)
    {
        var page = work.Journal.ReadDocuments(ReplicaOf, [], report.AfterKey, report.Limit);
        var merges = page.Select(document => (document.Key, V1.MemberDelta.Parser.ParseFrom(document.Value).AliasOf)).Where(replica => replica.AliasOf.Length > 0)
            .Select(replica => new V1.KnownMerge { Member = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(replica.Key), Survivor = replica.AliasOf });
        return new EngineReply { Merges = [.. merges], Followed = [.. page.Select(document => Google.Protobuf.UnsafeByteOperations.UnsafeWrap(document.Key))], NextKey = page.Count < report.Limit ? null : page[^1].Key };
    }

    /// <summary>Puts the changed lines into the batch.</summary>
    public void Save()
    {
        foreach (var (id, member) in _changed)
        {
            work.Write(LinesOf, id.ToBytes(), AgentCodec.Write(member, work.Holder.Incarnation));
        }

        _changed.Clear();
        Evict();
    }

    private void Receive(V1.MemberDelta delta, long nowMs, bool isAnswer)
    {
        var id = MemberId.FromBytes(delta.Member.Span);
        var member = Get(id);
        var own = delta.OwnLines.Where(line => line.Incarnation == work.Holder.Incarnation.Value).ToArray();
        foreach (var line in own)
        {
            Grant(member, BucketCodec.ToCore(line.Bucket), line.Granted, nowMs);
        }

        // The hub said it before it read that this store ceased to follow: a name that came back by that would stay for another half year. Where the
        // hub goes on telling, because of what was granted meanwhile, its next word has the op in it.
        if (!isAnswer && member is { IsUnfollowed: true, Replica: null } && (delta.Detail?.OwnApplied ?? 0) < member.UnfollowedAt)
        {
            return;
        }

        // A hub that was restored counts versions anew, in a higher term.
        if (member.Replica is { } old && (old.HubTerm > delta.HubTerm || (old.HubTerm == delta.HubTerm && old.Version >= delta.Version)))
        {
            return;
        }

        if (own.Length < delta.OwnLines.Count)
        {
            // Lines of another life of this database must not be counted against ours.
            delta = delta.Clone();
            delta.OwnLines.Clear();
            delta.OwnLines.AddRange(own);
        }

        var before = ProfileOfMember(member);
        var isFirst = member.Replica is null;
        member.Replica = MemberCodec.ToReplica(delta);
        work.Write(ReplicaOf, id.ToBytes(), Google.Protobuf.MessageExtensions.ToByteArray(delta));
        KnownCount += isFirst ? 1 : 0;
        if (member.IsUnfollowed)
        {
            _toFollow.Add(id);
        }

        _toUnite.UnionWith(member.Replica.Aliases.Append(id));
        if (member.Edits.RemoveAll(edit => edit.Op.Id.Sequence <= member.Replica.OwnApplied || member.Replica.IsErased) > 0)
        {
            SaveEdits(member);
        }

        if (member.Profile is not null && (member.Replica.Profile.Name.Length > 0 || member.Replica.IsErased))
        {
            member.Profile = null;
            work.Write(ProfileOf, id.ToBytes(), null);
            KnownCount--;
        }

        Index(before, ProfileOfMember(member), id);
    }

    /// <summary>The hub's word where it has one, else the store's own.</summary>
    public static MemberProfile ProfileOfMember(MemberHere member)
    {
        if (member.Replica is { IsErased: true })
        {
            return MemberProfile.Empty;
        }

        var known = member.Replica is { Profile.Name.Length: > 0 } replica ? replica.Profile : member.Profile ?? member.Replica?.Profile ?? MemberProfile.Empty;
        return member.FieldEdits.Where(edit => edit.Counts).Aggregate(known, (profile, edit) => ProfileFields.With(profile, edit.Change.Field, edit.Change.Value));
    }

    private void Grant(MemberHere member, Bucket bucket, long granted, long nowMs)
    {
        var line = member.LineOf(bucket);
        granted = Switches.IsOff(Mechanism.AbsoluteGrants) && granted > 0 && granted == line.Granted ? checked(line.Granted + 1) : granted;
        if (granted <= line.Granted)
        {
            return;
        }

        member.Lines[bucket] = line.WithGranted(granted);
        if (member.LastUsedMs == 0)
        {
            member.LastUsedMs = nowMs; // else fresh rights would count as idle and be handed straight back
        }

        MarkChanged(member);
        _toUnite.Add(member.Id);
    }

    private void Index(MemberProfile before, MemberProfile after, MemberId id)
    {
        Index(PhoneOf, before.Phone, after.Phone, id);
        Index(CardOf, before.Card, after.Card, id);
    }

    private void Index(string collection, string before, string after, MemberId id)
    {
        if (before.Length > 0 && before != after && Find(collection, before) == id)
        {
            work.Write(collection, Encoding.UTF8.GetBytes(before), null);
        }

        if (after.Length > 0 && Find(collection, after) != id)
        {
            work.Write(collection, Encoding.UTF8.GetBytes(after), id.ToBytes());
        }
    }

    private MemberId? Find(string collection, string text) =>
        text.Length > 0 && work.Read(collection, Encoding.UTF8.GetBytes(text)) is { } bytes ? MemberId.FromBytes(bytes) : null;

    private MemberHere Read(MemberId id)
    {
        var key = id.ToBytes();
        var member = new MemberHere(id);
        if (work.Read(LinesOf, key) is { } lines)
        {
            AgentCodec.ReadLines(lines, member, work.Holder.Incarnation);
        }

        if (work.Read(ReplicaOf, key) is { } replica)
        {
            member.Replica = MemberCodec.ToReplica(V1.MemberDelta.Parser.ParseFrom(replica));
            if (member.Replica.AliasOf != default)
            {
                _toUnite.Add(id);
            }

            if (member.IsUnfollowed)
            {
                _toFollow.Add(id);
            }
        }

        foreach (var sequence in work.Read(EditsOf, key) is { } edits ? V1.AgentEdits.Parser.ParseFrom(edits).Sequences : [])
        {
            if (work.ReadEdit(sequence) is { } edit)
            {
                member.Edits.Add(edit);
            }
        }

        if (member.Replica is null or { Profile.Name.Length: 0, IsErased: false } && work.Read(ProfileOf, key) is { } profile)
        {
            member.Profile = MemberCodec.ToCore(V1.MemberProfile.Parser.ParseFrom(profile));
        }

        return member;
    }

    // Only between batches: while one is decided there must never be two objects for a member, or what one of them spends the other still has.
    private void Evict()
    {
        while (_byId.Count > capacity && _newestFirst.Last is { } oldest)
        {
            _newestFirst.RemoveLast();
            _byId.Remove(oldest.Value.Id);
        }
    }
}
