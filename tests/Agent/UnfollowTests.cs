using SyncHub.Agent.Engine;
using SyncHub.Core.Ops;
using SyncHub.Protos.Mapping;

namespace SyncHub.Agent.Tests;

/// <summary>A store drops its copy of a member who no longer comes, and its log always says whether it has one.</summary>
public sealed class UnfollowTests
{
    private const long Day = 86_400_000;
    private const string Phone = "13800000001";
    private readonly EngineDriver _store = new();
    private readonly string _member;
    private long _version = 1;

    public UnfollowTests()
    {
        _member = _store.Register(Phone);
        Tell();
    }

    [Fact]
    public void A_member_who_has_not_come_for_long_is_not_known_any_more_and_the_log_says_so()
    {
        _store.NowMs += 200 * Day;

        Assert.Equal(1, Unfollow());

        Assert.Equal(OpType.Unfollow, Ops()[^1].Type);
        Assert.Equal(_member, Ops()[^1].Member.ToString());
        Assert.Null(_store.Journal.ReadDocument("replica", EngineDriver.Id(_member).ToBytes()));
        Assert.Equal(0, _store.Status().Members);
        Assert.Equal(V1.RejectionCode.UnknownMember, Find().Rejection.Code); // the phone leads nowhere
        Assert.Equal(0, Unfollow()); // once
    }

    [Fact]
    public void A_member_who_came_stays()
    {
        _store.TopUp(_member, 100);
        _store.NowMs += 100 * Day;
        _store.Turn(new ReturnIdleRights(_store.NowMs, long.MaxValue, [], 10));

        Assert.Equal(0, Unfollow());
        _store.NowMs += 100 * Day;
        Assert.Equal(1, Unfollow());
    }

    [Fact]
    public void A_copy_that_nobody_ever_asked_for_counts_from_when_it_was_first_looked_at()
    {
        var other = Core.Primitives.MemberId.Create(_store.NowMs, [9, 9, 9, 9, 9, 9, 9, 9, 9, 9]).ToString();
        Tell(other, "13900000000");
        _store.NowMs += 1_000 * Day;
        Assert.Equal(1, Unfollow()); // the one who was registered here
        _store.Crash();
        _store.NowMs += 181 * Day;

        Assert.Equal(1, Unfollow());
    }

    [Fact]
    public void Where_rights_are_left_or_something_is_not_said_yet_the_copy_stays()
    {
        var unheard = _store.Register("13800000002", "register-2"); // headquarters has not said anything of this one
        _store.TopUp(_member, 100);
        _store.NowMs += 200 * Day;
        Assert.Equal(0, Unfollow());
        _store.Turn(new ReturnIdleRights(_store.NowMs, long.MaxValue, [], 10));
        _store.Ask<V1.IdentifyAnswer>(new V1.SetProfileRequest { RequestId = "p", MemberId = _member, Proved = true, Fields = { new V1.FieldChange { Field = V1.ProfileField.Notes, Value = "tea" } } });
        _store.NowMs += 200 * Day;
        Assert.Equal(0, Unfollow()); // its note is not in headquarters' word

        Tell(applied: _store.Status().TipSequence);

        Assert.Equal(1, Unfollow());
        Assert.NotNull(_store.Balance(unheard));
    }

    [Fact]
    public void What_was_granted_and_used_is_kept_so_that_no_right_can_be_spent_twice()
    {
        Tell(granted: 700);
        Assert.NotNull(_store.Sell(_member, 700).Receipt);
        _store.NowMs += 200 * Day;
        Assert.Equal(1, Unfollow());
        _store.Crash();

        Tell(granted: 700); // the same word again, or an old copy of it

        Assert.Equal(0, _store.Balance(_member).HereMinor);
    }

    [Fact]
    public void When_headquarters_tells_of_the_member_again_the_log_says_that_it_is_followed()
    {
        _store.NowMs += 200 * Day;
        Unfollow();
        _store.Crash();

        Tell();
        Tell();

        Assert.Equal([OpType.Unfollow, OpType.Follow], Ops().TakeLast(2).Select(op => op.Type)); // once
        Assert.Equal(_member, Find().Member.MemberId);
        Assert.Equal(0, Unfollow()); // somebody had asked
    }

    [Fact]
    public void What_headquarters_said_before_it_read_that_the_member_is_not_followed_brings_nothing_of_it_back()
    {
        _store.NowMs += 200 * Day;
        Unfollow();
        var tip = _store.Status().TipSequence;
        _store.Crash(); // the word is sent again on the next connection

        Tell(applied: tip - 1);

        Assert.Equal(0, _store.Status().Members);
        Assert.Null(_store.Journal.ReadDocument("replica", EngineDriver.Id(_member).ToBytes()));
        Assert.Equal(V1.RejectionCode.UnknownMember, Find().Rejection.Code);
        Assert.Equal(tip, _store.Status().TipSequence); // and the log says nothing

        Tell(applied: tip); // headquarters has read it and tells all the same: it placed rights here
        Assert.Equal(1, _store.Status().Members);
        Assert.Equal(OpType.Follow, Ops()[^1].Type);
    }

    [Fact]
    public void Rights_that_crossed_the_word_that_the_member_is_not_followed_are_kept()
    {
        _store.NowMs += 200 * Day;
        Unfollow();

        Tell(granted: 700, applied: _store.Status().TipSequence - 1);
        Assert.Equal(0, _store.Status().Members);
        Tell(applied: _store.Status().TipSequence);

        Assert.Equal(700, _store.Balance(_member).HereMinor);
    }

    [Fact]
    public void An_answer_that_a_till_waits_for_counts_whatever_headquarters_has_read()
    {
        _store.NowMs += 200 * Day;
        Unfollow();
        var word = new HubNews(Word(_member, Phone, null, applied: _store.Status().TipSequence - 1), null);

        _store.Turn(new TillCall(_store.NowMs, new V1.IdentifyTillRequest { Key = new V1.MemberKey { Phone = Phone } }, IsOnline: true) { News = [word] });

        Assert.Equal(_member, Find().Member.MemberId);
        Assert.Equal(OpType.Follow, Ops()[^1].Type);
    }

    [Fact]
    public void A_locked_store_says_nothing_and_says_it_when_it_may()
    {
        _store.NowMs += 200 * Day;
        Unfollow();
        _store.Turn(new LockOrdered(_store.NowMs, "why"));
        var tip = _store.Status().TipSequence;
        Tell();
        Assert.Equal(0, Unfollow());
        Assert.Equal(tip, _store.Status().TipSequence); // I21

        BeginLife();
        Unfollow();

        Assert.Contains(OpType.Follow, Ops(life: 2).Select(op => op.Type));
    }

    [Fact]
    public void A_new_life_says_of_whom_its_database_has_a_copy()
    {
        var other = _store.Register("13800000002", "register-2");
        Tell(other, "13800000002");
        _store.Turn(new LockOrdered(_store.NowMs, "an older copy")); // what the log unfollowed in the time that is lost, this database does not know
        BeginLife();

        _store.Turn(new UnfollowIdle(_store.NowMs, long.MinValue, [], 1), new UnfollowIdle(_store.NowMs, long.MinValue, [], 1), new UnfollowIdle(_store.NowMs, long.MinValue, [], 1));

        Assert.Equal([(OpType.Follow, _member), (OpType.Follow, other)], Ops(life: 2).Select(op => (op.Type, op.Member.ToString())).OrderBy(op => op.Item2 == other));
        Assert.False(_store.Engine.HasFollowsToSay);
    }

    [Fact]
    public void A_merged_member_goes_with_its_survivor_and_not_before()
    {
        var survivor = _store.Register("13800000002", "register-2");
        Tell(survivor, "13800000002", new V1.MemberDetail { Aliases = { EngineDriver.Bytes(_member) } });
        Tell(aliasOf: survivor);
        _store.NowMs += 100 * Day;
        Assert.NotNull(_store.TopUp(survivor, 100).Receipt);
        _store.Turn(new ReturnIdleRights(_store.NowMs, long.MaxValue, [], 10));
        _store.NowMs += 100 * Day;
        Assert.Equal(0, Unfollow());
        Assert.Equal(survivor, Find().Member.MemberId); // by the phone of the one who was merged

        _store.NowMs += 200 * Day;

        Assert.Equal(2, Unfollow());
        Assert.Equal([_member, survivor], Ops().Where(op => op.Type == OpType.Unfollow).Select(op => op.Member.ToString()).OrderBy(id => id == survivor));
    }

    private int Unfollow() => _store.Turn(new UnfollowIdle(_store.NowMs, _store.NowMs - (180 * Day), [], 10))[0].Pruned;

    private V1.IdentifyAnswer Find() => _store.Ask<V1.IdentifyAnswer>(new V1.IdentifyTillRequest { Key = new V1.MemberKey { Phone = Phone } });

    private void Tell(string? member = null, string phone = Phone, V1.MemberDetail? detail = null, long granted = 0, long applied = 1_000, string? aliasOf = null)
    {
        var delta = Word(member ?? _member, phone, detail, applied);
        delta.AliasOf = aliasOf is null ? Google.Protobuf.ByteString.Empty : EngineDriver.Bytes(aliasOf);
        if (granted > 0)
        {
            delta.OwnLines.Add(new V1.OwnLine { Bucket = EngineDriver.Principal, Granted = granted, Incarnation = EngineDriver.Holder.Incarnation.Value });
        }

        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(delta, null), 1));
    }

    private V1.MemberDelta Word(string member, string phone, V1.MemberDetail? detail, long applied)
    {
        var delta = new V1.MemberDelta { Member = EngineDriver.Bytes(member), Version = ++_version, Profile = new V1.MemberProfile { Name = "Li Lei", Phone = phone }, Detail = detail ?? new V1.MemberDetail() };
        delta.Detail.OwnApplied = applied;
        return delta;
    }

    private void BeginLife()
    {
        _store.Turn(new DescribeSelf(_store.NowMs, new byte[16]));
        var self = _store.Turn(new DescribeSelf(_store.NowMs, Enumerable.Repeat((byte)7, 16).ToArray()))[0].Self!;
        _store.Turn(new LifeGiven(_store.NowMs, EngineDriver.Holder.Incarnation, Core.Primitives.Incarnation.Of(1, 2), self.Wish));
    }

    private Op[] Ops(int life = 1) => [.. _store.Journal.ReadFacts(new Storage.ProducerId(EngineDriver.Store, Core.Primitives.Incarnation.Of(1, life).Value), 1, 100, int.MaxValue).Select(fact => OpCodec.Decode(fact.Bytes))];
}
