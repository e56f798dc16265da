using SyncHub.Agent.Engine;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Protos.Mapping;
using SyncHub.Storage;

namespace SyncHub.Agent.Tests;

/// <summary>Profile and tags at a till: at once here, joined at the hub, and gone when the hub says so.</summary>
public sealed class ProfileTests
{
    private readonly EngineDriver _store = new();

    [Fact]
    public void A_change_is_shown_at_once_outlives_a_crash_and_gives_way_to_the_hubs_word()
    {
        var member = _store.Register();
        var changed = Set(member, (V1.ProfileField.Name, "Han Meimei"), (V1.ProfileField.Card, "c-9")).Member;
        Assert.Equal(("Han Meimei", "c-9"), (changed.Name, changed.Card));
        _store.Crash();
        Assert.Equal("Han Meimei", Identify(new V1.MemberKey { Card = "c-9" }).Member.Name);

        Learn(member, new V1.MemberDelta { Profile = new V1.MemberProfile { Name = "Older word" }, Detail = new V1.MemberDetail { OwnApplied = 1 } }, 5);
        Assert.Equal("Han Meimei", Identify(new V1.MemberKey { MemberId = member }).Member.Name);
        Learn(member, new V1.MemberDelta { Profile = new V1.MemberProfile { Name = "Hub" }, Detail = new V1.MemberDetail { OwnApplied = 2 } }, 6);
        Assert.Equal("Hub", Identify(new V1.MemberKey { MemberId = member }).Member.Name);
    }

    [Theory]
    [InlineData(true, true, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    public void A_phone_counts_at_once_only_if_it_was_proved_at_an_online_till(bool isOnline, bool isProved, bool isPending)
    {
        var member = _store.Register();
        _store.IsOnline = isOnline;

        var answer = _store.Ask<V1.IdentifyAnswer>(new V1.SetProfileRequest { RequestId = "p", MemberId = member, Proved = isProved, Fields = { new V1.FieldChange { Field = V1.ProfileField.Phone, Value = "5550100" } } }).Member;

        Assert.Equal(isPending, answer.Pending.Contains(V1.ProfileField.Phone));
        Assert.Equal(!isPending, Identify(new V1.MemberKey { Phone = "5550100" }).Member is not null);
    }

    [Fact]
    public void Tags_are_added_and_removed_and_a_repeated_request_changes_nothing()
    {
        var member = _store.Register();
        Learn(member, new V1.MemberDelta { Profile = new V1.MemberProfile { Name = "Li Lei" }, Detail = new V1.MemberDetail { OwnApplied = 1, Tags = { new V1.TagDot { Tag = "vip", Dot = new V1.Dot { Store = 3, Incarnation = 1, Sequence = 9 } } } } }, 5);

        Assert.Equal(["allergy", "vip"], Tag(member, "allergy").Member.Tags);
        Assert.Equal(["allergy"], Untag(member, "vip").Member.Tags);
        Assert.Equal(["allergy"], Untag(member, "vip").Member.Tags);
        Assert.Equal(V1.RejectionCode.InvalidRequest, _store.Ask<V1.IdentifyAnswer>(new V1.UntagRequest { RequestId = "other", MemberId = member, Tag = "vip" }).Rejection.Code);
        Assert.Equal(3, _store.Engine.TipSequence);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_removal_names_the_stores_own_tag_by_its_hash_and_another_stores_as_the_hub_did(bool crashes)
    {
        var member = _store.Register();
        var theirs = new V1.Dot { Store = 3, Incarnation = 1, Sequence = 9, HashHead = 77 };
        Learn(member, new V1.MemberDelta { Profile = new V1.MemberProfile { Name = "Li Lei" }, Detail = new V1.MemberDetail { OwnApplied = 1, Tags = { new V1.TagDot { Tag = "vip", Dot = theirs } } } }, 5);
        Tag(member, "vip");
        var log = _store.Journal.ReadFacts(new ProducerId(EngineDriver.Store, EngineDriver.Holder.Incarnation.Value), 1, 10, int.MaxValue);
        if (crashes)
        {
            _store.Crash();
        }

        Untag(member, "vip");

        var removal = OpCodec.Decode(_store.Journal.ReadFacts(new ProducerId(EngineDriver.Store, EngineDriver.Holder.Incarnation.Value), 3, 1, int.MaxValue)[0].Bytes);
        Assert.Equal([PersonalCodec.ToCore(theirs), new Dot(new OpId(EngineDriver.Holder, 2), OpHash.FromBytes(log[1].Hash).Head)], removal.RemovedDots);
        Assert.Empty(Identify(new V1.MemberKey { MemberId = member }).Member.Tags);
    }

    [Fact]
    public void Requests_that_make_no_sense_are_refused()
    {
        var member = _store.Register();
        var other = _store.Register("13800000002", "register-2");

        Assert.Equal(V1.RejectionCode.InvalidRequest, Set(member).Rejection.Code);
        Assert.Equal(V1.RejectionCode.InvalidRequest, Set(member, (V1.ProfileField.Name, "")).Rejection.Code);
        Assert.Equal(V1.RejectionCode.InvalidRequest, Set(member, (V1.ProfileField.Unspecified, "x")).Rejection.Code);
        Assert.Equal(V1.RejectionCode.DuplicateClaim, Set(other, (V1.ProfileField.Phone, "13800000001")).Rejection.Code);
        Assert.Equal(V1.RejectionCode.InvalidRequest, Tag(member, "").Rejection.Code);
        _store.Turn(new LockOrdered(_store.NowMs, "why"));
        Assert.Equal(V1.RejectionCode.AgentLocked, Tag(member, "vip").Rejection.Code);
    }

    [Fact]
    public void An_erased_member_leaves_no_copy_and_takes_no_change()
    {
        var member = _store.Register();
        Tag(member, "vip");
        Set(member, (V1.ProfileField.Notes, "likes tea"));

        Learn(member, new V1.MemberDelta { Detail = new V1.MemberDetail { Erased = true } }, 9);
        _store.Crash();

        var shown = Identify(new V1.MemberKey { MemberId = member }).Member;
        Assert.Equal(("", "", 0), (shown.Name, shown.PhoneMasked, shown.Tags.Count));
        Assert.Equal(V1.RejectionCode.UnknownMember, Identify(new V1.MemberKey { Phone = "13800000001" }).Rejection.Code);
        Assert.Equal(V1.RejectionCode.UnknownMember, _store.Ask<V1.IdentifyAnswer>(new V1.TagRequest { RequestId = "late", MemberId = member, Tag = "vip" }).Rejection.Code);
        Assert.NotNull(_store.TopUp(member, 1_000).Receipt);
    }

    private V1.IdentifyAnswer Set(string member, params (V1.ProfileField Field, string Value)[] fields)
    {
        var request = new V1.SetProfileRequest { RequestId = "set " + string.Join(',', fields), MemberId = member };
        request.Fields.AddRange(fields.Select(change => new V1.FieldChange { Field = change.Field, Value = change.Value }));
        return _store.Ask<V1.IdentifyAnswer>(request);
    }

    private V1.IdentifyAnswer Tag(string member, string tag) => _store.Ask<V1.IdentifyAnswer>(new V1.TagRequest { RequestId = "tag " + tag, MemberId = member, Tag = tag });

    private V1.IdentifyAnswer Untag(string member, string tag) => _store.Ask<V1.IdentifyAnswer>(new V1.UntagRequest { RequestId = "untag " + tag, MemberId = member, Tag = tag });

    private V1.IdentifyAnswer Identify(V1.MemberKey key) => _store.Ask<V1.IdentifyAnswer>(new V1.IdentifyTillRequest { Key = key });

    private void Learn(string member, V1.MemberDelta delta, long version)
    {
        (delta.Member, delta.Version) = (EngineDriver.Bytes(member), version);
        _store.Turn(new NewsArrived(_store.NowMs, new HubNews(delta, null), 1));
    }
}
