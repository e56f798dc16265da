using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;

namespace SyncHub.Core.Tests.Members;

/// <summary>Tags that headquarters adds: each has a name of its own, at whatever member and in whatever life of the hub.</summary>
public sealed class HqTagTests : ITurnContext
{
    public long NowMs { get; set; } = Make.NowMs;

    public PlacementPolicy Policy { get; } = new();

    public bool IsOnline(Holder holder) => true;

    public Holder? OnlineHolder(StoreId store) => null;

    public long NextAsk() => 1;

    [Fact]
    public void Removing_one_tag_leaves_another_that_came_with_a_merge()
    {
        var (alias, survivor) = (Registered(1), Registered(2));
        Change(alias, add: "gold");
        Change(survivor, add: "silver"); // at the same version and in the same moment
        survivor.State.Personal.TakeTags(alias.State.Personal.TagDots);
        Assert.Equal(["gold", "silver"], survivor.State.Personal.Tags);

        Change(survivor, remove: "silver");

        Assert.Equal(["gold"], survivor.State.Personal.Tags);
    }

    [Fact]
    public void A_tag_of_a_restored_hub_is_not_the_one_that_a_store_removed_before()
    {
        var before = Registered(1);
        Change(before, add: "gold");
        var removed = before.State.Personal.TagDots.Single().Dot;
        NowMs += 1;
        var restored = Registered(1);
        restored.Turn(new OpArrived(Make.Op(OpType.TagRemove) with { RemovedDots = [removed], Tag = "gold" }), this);

        Change(restored, add: "gold");

        Assert.Equal(["gold"], restored.State.Personal.Tags);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_tag_that_was_removed_does_not_come_back_with_whoever_had_it_from_here(bool removesHq)
    {
        var (member, other) = (Registered(1), Registered(2));
        Change(member, add: "gold");
        var dot = member.State.Personal.TagDots.Single().Dot;
        other.State.Personal.TakeTags(member.State.Personal.TagDots);
        member.State.Apply(new MergedInto(other.State.Id, 2, "kim", "twice"), NowMs);
        member.State.Apply(new MergeUndone(other.State.Id, "kim", "two persons"), NowMs);
        if (removesHq)
        {
            Change(member, remove: "gold");
        }
        else
        {
            member.Turn(new OpArrived(Make.Op(OpType.TagRemove) with { RemovedDots = [dot], Tag = "gold" }), this);
        }

        member.State.Personal.TakeTags(other.State.Personal.TagDots); // merged the other way round

        Assert.Empty(member.State.Personal.Tags);
    }

    private MemberMachine Registered(uint number)
    {
        var member = new MemberMachine(new MemberState(new MemberId(number), Make.Currency));
        member.Turn(new RegisterWanted(MemberProfile.Empty with { Name = "Li Lei" }, this), this);
        return member;
    }

    private void Change(MemberMachine member, string? add = null, string? remove = null) =>
        member.Turn(new ProfileWanted("kim", [], add is null ? [] : [add], remove is null ? [] : [remove], this), this);
}
