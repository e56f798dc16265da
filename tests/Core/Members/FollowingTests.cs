using SyncHub.Core.Members;
using SyncHub.Core.Ops;
using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tests.Members;

/// <summary>Which stores are told of a member: the order of each store's own log says it, and nobody who holds rights is left out.</summary>
public sealed class FollowingTests
{
    private readonly MemberState _member = new(Make.Member, Make.Currency);
    private long _sequence;

    public FollowingTests() => Take(OpType.TopUp, Make.Credit(Bucket.Principal, 1_000));

    [Fact]
    public void A_store_that_holds_nothing_any_more_is_told_nothing_and_no_rights_are_placed_there()
    {
        Take(OpType.Relinquish, Make.Relinquish(Bucket.Principal, 1_000));

        Take(OpType.Unfollow);

        Assert.Empty(_member.Followers);
        Assert.Empty(_member.Visits);
        Assert.Equal(1_000, _member.MoneyMinor);
    }

    [Fact]
    public void A_store_to_which_rights_were_granted_while_its_word_was_on_its_way_goes_on_hearing_of_the_member()
    {
        Take(OpType.Unfollow);

        Assert.Equal([new StoreId(1)], _member.Followers);
    }

    [Fact]
    public void Rights_of_the_store_s_next_life_keep_it_too()
    {
        Take(OpType.Relinquish, Make.Relinquish(Bucket.Principal, 1_000));
        _member.Apply(new RightsGranted(new Holder(new StoreId(1), Incarnation.Of(1, 9)), [new GrantedLine(Bucket.Principal, 400)]), Make.NowMs);

        Take(OpType.Unfollow); // as a fact of the life before

        Assert.Equal([new StoreId(1)], _member.Followers);
    }

    [Fact]
    public void A_store_to_which_the_member_owes_an_advance_goes_on_hearing_of_it()
    {
        Take(OpType.Relinquish, Make.Relinquish(Bucket.Principal, 1_000));
        _member.Apply(new OpApplied(Op(OpType.Sale, Make.Holder(1), Make.Advance(300))) { FloorLimitMinor = 500 }, Make.NowMs);

        Take(OpType.Unfollow);

        Assert.Equal([new StoreId(1)], _member.Followers);
    }

    [Fact]
    public void What_the_log_says_last_counts()
    {
        Take(OpType.Relinquish, Make.Relinquish(Bucket.Principal, 1_000));
        Take(OpType.Unfollow);
        Take(OpType.Follow);
        Assert.Equal([new StoreId(1)], _member.Followers);

        Take(OpType.Unfollow);
        Assert.Empty(_member.Followers);
    }

    [Fact]
    public void The_log_of_an_earlier_life_says_nothing_of_the_database_that_lives_now()
    {
        Take(OpType.Relinquish, Make.Relinquish(Bucket.Principal, 1_000));
        var next = new Holder(new StoreId(1), Incarnation.Of(1, 9));
        _member.Apply(new OpApplied(Op(OpType.Follow, next)), Make.NowMs);

        Take(OpType.Unfollow); // as a fact of the life before

        Assert.Equal([new StoreId(1)], _member.Followers);
    }

    [Fact]
    public void What_another_machine_wrote_in_a_branch_of_the_log_is_not_the_store_s_word()
    {
        Take(OpType.Relinquish, Make.Relinquish(Bucket.Principal, 1_000));
        var op = Op(OpType.Unfollow, Make.Holder(1));

        _member.Apply(new OpApplied(op) { Place = op.Id with { Holder = new Holder(new StoreId(1), Incarnation.Of(1, 7)) } }, Make.NowMs);

        Assert.Equal([new StoreId(1)], _member.Followers);
        Assert.Empty(_member.FollowWords);
    }

    [Fact]
    public void Such_an_op_moves_no_value_and_names_a_member()
    {
        Assert.Null(OpDefects.Find(Op(OpType.Unfollow, Make.Holder(1))));
        Assert.NotNull(OpDefects.Find(Op(OpType.Unfollow, Make.Holder(1), Make.Credit(Bucket.Principal, 1))));
        Assert.NotNull(OpDefects.Find(Op(OpType.Follow, Make.Holder(1)) with { Member = default }));
    }

    private void Take(OpType type, params Move[] moves) => _member.Apply(new OpApplied(Op(type, Make.Holder(1), moves)), Make.NowMs);

    private Op Op(OpType type, Holder holder, params Move[] moves) => new() { Id = new OpId(holder, ++_sequence), Type = type, Member = Make.Member, Moves = moves, OccurredAtMs = Make.NowMs };
}
