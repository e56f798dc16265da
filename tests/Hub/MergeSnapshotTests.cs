using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>What a snapshot must keep of merges, because no record after it says it again.</summary>
public sealed class MergeSnapshotTests
{
    private static readonly MemberId Old = MemberId.Create(1, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    private static readonly MemberId New = MemberId.Create(1, [0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);

    [Fact]
    public void Whoever_a_member_was_ever_merged_into_is_known_after_it_was_undone()
    {
        var state = new MemberState(Old, new Asset("CNY"));
        state.Apply(new MergedInto(New, 1, "kim", "twice"), 1);
        state.Apply(new MergeUndone(New, "kim", "two persons"), 2);

        Assert.Equal([New], Read(state).Survivors);
    }

    [Fact]
    public void What_an_alias_owes_and_has_received_is_known_to_its_survivor()
    {
        var state = new MemberState(New, new Asset("CNY"));
        state.Apply(new MergeOffered(Old, "kim", "twice"), 1);
        state.Apply(new AliasTaken(Old, new AliasNews(1, 0, 0, [], [], [], []) { OwesMinor = 700, ReceivedMinor = 20, CreditLimitMinor = 5 }), 2);

        var news = Read(state).Aliases[Old].News;

        Assert.Equal((700, 20, 5), (news.OwesMinor, news.ReceivedMinor, news.CreditLimitMinor));
    }

    [Fact]
    public void That_HQ_set_a_limit_while_a_merge_was_under_way_is_known_from_the_record_and_from_the_snapshot()
    {
        var state = new MemberState(New, new Asset("CNY"));
        state.Apply(new MergeOffered(Old, "kim", "twice"), 1);
        foreach (var (isDerived, isSet) in ((bool, bool)[])[(true, false), (false, true)])
        {
            var set = new CreditLimitSet(500) { IsDerived = isDerived };
            var record = EventCodec.Encode(new AppliedEvent(set, 2, 2, null), default);
            Assert.Equal(set, EventCodec.Decode(record, null).Event);
            state.Apply(set, 2);

            Assert.Equal(isSet, Read(state).Offers[Old].IsLimitSet);
        }
    }

    private static MemberState Read(MemberState state)
    {
        var read = new MemberState(state.Id, state.Currency);
        Assert.True(SnapshotCodec.Decode(SnapshotCodec.Encode(state), state.Version, read));
        return read;
    }
}
