using Google.Protobuf;
using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Protos.Mapping;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>The name of a tag, on the disks and on the wire.</summary>
public sealed class TagNameTests
{
    private static readonly MemberId Member = MemberId.Create(1, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    private static readonly OpId Place = new(new Holder(new StoreId(3), Incarnation.Of(1, 2)), 9);
    private static readonly Dot Name = new(Place, 0xfedc_ba98_7654_3210);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_record_of_an_added_tag_keeps_the_head_of_its_hash_also_where_it_was_parked(bool isResumed)
    {
        var applied = new OpApplied(Tagged()) { HashHead = Name.HashHead, IsResumed = isResumed };
        var outcome = new MemberState(Member, new Asset("CNY")).Apply(applied, 1);

        var read = EventCodec.Decode(EventCodec.Encode(new AppliedEvent(applied, 1, 1, outcome), OpHash.Genesis), OpCodec.Encode(Tagged()), Place).Event;

        Assert.Equal(Name.HashHead, Assert.IsType<OpApplied>(read).HashHead);
    }

    [Fact]
    public void A_snapshot_keeps_names_of_tags_that_are_there_were_removed_ahead_and_came_with_a_merge()
    {
        var state = new MemberState(Member, new Asset("CNY"));
        state.Personal.Add("vip", Name);
        state.Personal.Remove([Name with { HashHead = 5 }], _ => true, wasMerged: false);
        state.Personal.TakeTags([new TagDot("gold", Name with { HashHead = 6 })]);

        var read = new MemberState(Member, state.Currency);
        Assert.True(SnapshotCodec.Decode(SnapshotCodec.Encode(state), 1, read));

        Assert.Equal(state.Personal.TagDots, read.Personal.TagDots);
        Assert.Equal([Name with { HashHead = 5 }], read.Personal.RemovedAhead);
        Assert.Equal([Name with { HashHead = 6 }], read.Personal.TakenDots);
    }

    [Fact]
    public void A_store_is_told_of_a_tag_by_its_name_and_names_it_so_when_it_removes_it()
    {
        Assert.Equal(new TagDot("vip", Name), PersonalCodec.ToCore(V1.TagDot.Parser.ParseFrom(PersonalCodec.ToWire(new TagDot("vip", Name)).ToByteArray())));
        var removal = new Op { Id = Place with { Sequence = 10 }, Type = OpType.TagRemove, Member = Member, Tag = "vip", RemovedDots = [Name] };
        Assert.Equal([Name], OpCodec.Decode(OpCodec.Encode(removal)).RemovedDots);
    }

    [Fact]
    public void A_name_of_a_program_of_before_is_read_and_reads_ours()
    {
        var before = OpIdCodec.ToWire(Place).ToByteArray();
        Assert.Equal(new Dot(Place), PersonalCodec.ToCore(V1.Dot.Parser.ParseFrom(before)));
        Assert.Equal(Place, OpIdCodec.ToCore(V1.OpId.Parser.ParseFrom(PersonalCodec.ToWire(Name).ToByteArray())));
    }

    private static Op Tagged() => new() { Id = Place, Type = OpType.TagAdd, Member = Member, Tag = "vip" };
}
