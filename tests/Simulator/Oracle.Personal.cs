using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Simulator;

/// <content>I18: every store sees the profile and the tags that the hub has, and those are what the records say.</content>
internal sealed partial class Oracle
{
    private void CheckReplicas()
    {
        foreach (var member in world.MemberIds)
        {
            var state = world.Hub.Peek(member);
            foreach (var agent in world.Agents.Where(agent => agent is { IsLocked: false, IsOnline: true, IsOld: false }))
            {
                CheckGrants(agent, state);
                if (agent.Engine.Look(member) is not { Replica: { } replica } here)
                {
                    continue;
                }

                var profile = state.Profile == replica.Profile || replica.IsErased == state.IsErased && state.IsErased;
                if (!profile || replica.IsErased != state.IsErased || replica.AliasOf != state.AliasOf)
                {
                    throw new Violation("I18", $"store {agent.Number} has {replica.Profile}, erased {replica.IsErased}, alias of {replica.AliasOf}; the hub has {state.Profile}, erased {state.IsErased}, alias of {state.AliasOf} for {member}");
                }

                if (!_copies.ContainsKey(agent.Holder))
                {
                    CheckLines(agent, member, state, here);
                }
            }

            CheckTags(member, state);
        }
    }

    // I9, the other way: what the hub counts as held by a store, the store knows that it may spend; else it would lie there until somebody asks for it.
    private static void CheckGrants(SimAgent agent, MemberState state)
    {
        foreach (var bucket in state.Buckets)
        {
            if (bucket.Find(agent.Holder) is { Outstanding: > 0 } line && agent.Engine.Look(state.Id).LineOf(bucket.Bucket).Granted is var granted && granted != line.Granted)
            {
                throw new Violation("I9", $"{state.Id} {bucket.Bucket}: store {agent.Holder} was granted {line.Granted}, has heard of {granted}, and {line.Outstanding} are there");
            }
        }
    }

    // I9: the two sides count the same.
    private static void CheckLines(SimAgent agent, MemberId member, MemberState state, Core.Tills.MemberHere here)
    {
        var isParked = state.Parked.ContainsKey(agent.Holder);
        foreach (var (bucket, line) in here.Lines)
        {
            var hub = state.Find(bucket)?.Find(agent.Holder);
            var (granted, credited, debited, relinquished) = (hub?.Granted ?? 0, hub?.Credited ?? 0, hub?.Debited ?? 0, hub?.Relinquished ?? 0);
            if (line.Granted > granted || credited > line.Credited || debited > line.Debited || relinquished > line.Relinquished
                || (!isParked && (credited, debited, relinquished) != (line.Credited, line.Debited, line.Relinquished)))
            {
                throw new Violation("I9", $"{member} {bucket}: store {agent.Holder} has {line}, the hub has granted {granted}, credited {credited}, debited {debited}, relinquished {relinquished}");
            }
        }
    }

    // A second, plain account of tags and the name: of all that was added, what nobody who had seen it removed; the last writer of a field.
    private void CheckTags(MemberId member, MemberState state)
    {
        var (added, removed) = (new SortedDictionary<Dot, string>(), new HashSet<Dot>());
        var (names, isErased) = (new List<(Hlc At, OpId By, string Name)>(), false);
        foreach (var record in world.Hub.Journal.ReadRecords(new StreamId(member.Value), 1, int.MaxValue))
        {
            var change = V1.MemberEventRecord.Parser.ParseFrom(record.Payload);
            isErased |= change.EventCase == V1.MemberEventRecord.EventOneofCase.MemberErased;
            if (change.ProfileChanged is { } changed)
            {
                for (var i = 0; i < changed.AddedTags.Count; i++)
                {
                    added[changed.AddedDots.Count > i ? PersonalCodec.ToCore(changed.AddedDots[i]) : new Dot(new OpId(new Holder(default, new Incarnation(i)), record.Version))] = changed.AddedTags[i];
                }

                removed.UnionWith(changed.RemovedDots.Select(PersonalCodec.ToCore));
            }

            foreach (var (tag, dot) in change.AliasTaken is not null && EventCodec.Decode(record.Payload, null).Event is AliasTaken taken ? taken.News.Tags : [])
            {
                added[dot] = tag;
            }

            if (change.OpApplied is null || record.FactBytes is null)
            {
                continue;
            }

            var op = OpCodec.Decode(record.FactBytes);
            if (op.Type == OpType.TagAdd)
            {
                // Two copies of one machine give one number to two tags; what was logged before tells them apart.
                added[new Dot(op.Id, OpHash.FromBytes(change.OpApplied.PreviousHash.Span).Next(record.FactBytes).Head)] = op.Tag;
            }

            removed.UnionWith(op.RemovedDots);
            var name = op.Type == OpType.RegisterMember ? op.Profile?.Name : op.Type == OpType.ProfileSet ? op.Fields.Where(field => field.Field == ProfileField.Name).Select(field => field.Value).FirstOrDefault() : null;
            if (name is not null)
            {
                // A shop whose clock is ahead must not win for ever: what counts is at most a minute after the receipt.
                var latest = change.RecordedAtMs + 60_000;
                var at = op.Stamp == default ? new Hlc(op.OccurredAtMs, 0) : op.Stamp; // a registration is as old as its till says
                names.Add((at.WallMs > latest ? new Hlc(latest, 0) : at, op.Id, name));
            }
        }

        var expected = isErased ? [] : added.Where(tag => !removed.Any(tag.Key.Names)).Select(tag => tag.Value).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        if (!expected.SequenceEqual(state.Personal.Tags))
        {
            throw new Violation("I18", $"{member} has the tags {string.Join(' ', state.Personal.Tags)}; the records say {string.Join(' ', expected)}");
        }

        var last = isErased || names.Count == 0 ? "" : names.OrderBy(name => name.At).ThenBy(name => name.By.Holder).ThenBy(name => name.By.Sequence).ThenBy(name => name.Name, StringComparer.Ordinal).Last().Name;
        if (last != state.Profile.Name)
        {
            throw new Violation("I18", $"{member} is called '{state.Profile.Name}'; the records say '{last}'");
        }
    }
}
