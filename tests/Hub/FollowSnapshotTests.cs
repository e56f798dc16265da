using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Mapping;
using Xunit;

namespace SyncHub.Hub.Tests;

/// <summary>Whether a store follows a member is known from a snapshot as from the records.</summary>
public sealed class FollowSnapshotTests
{
    private static readonly MemberId Member = MemberId.Create(1, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    private long _sequence;

    [Fact]
    public void A_word_of_an_earlier_life_counts_no_more_after_a_snapshot()
    {
        var state = new MemberState(Member, new Asset("CNY"));
        Take(state, OpType.Follow, life: 2);

        var read = new MemberState(Member, state.Currency);
        Assert.True(SnapshotCodec.Decode(SnapshotCodec.Encode(state), state.Version, read));
        Take(read, OpType.Unfollow, life: 1);

        Assert.Equal([new StoreId(1)], read.Followers);
        Take(read, OpType.Unfollow, life: 2);
        Assert.Empty(read.Followers);
    }

    private void Take(MemberState state, OpType type, int life) =>
        state.Apply(new OpApplied(new Op { Id = new OpId(new Holder(new StoreId(1), Incarnation.Of(1, life)), ++_sequence), Type = type, Member = Member }), 1);
}
