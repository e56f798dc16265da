using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using SyncHub.Core.Primitives;
using SyncHub.V1;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>Profile, tags and erasure at HQ, with the directory following in the same commit.</summary>
public sealed class ProfileTests
{
    private static MemberId NewMember() => MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));

    [Fact]
    public async Task HQ_changes_fields_and_tags_and_the_claims_follow()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var member = NewMember();
        await store.ConnectAsync();
        store.AppendRegistration(member, "5550100", "a-1");
        await store.SendOpsAsync();
        await store.AckAsync(1);
        var request = new ChangeProfileRequest { MemberId = member.ToString(), Operator = "kim", AddTags = { "vip", "vip" } };
        request.Fields.Add(new FieldChange { Field = ProfileField.Phone, Value = "5550199" });
        request.Fields.Add(new FieldChange { Field = ProfileField.Email, Value = "ann@example.com" });

        var changed = await hub.Members.ChangeProfileAsync(request, hub.Admin);
        await hub.RestartAsync();

        Assert.Equal(("5550199", "ann@example.com", "a-1"), (changed.Profile.Phone, changed.Profile.Email, changed.Profile.Card));
        Assert.Equal(["vip"], changed.Tags);
        Assert.Equal(member.ToString(), (await hub.Members.FindMemberAsync(new FindMemberRequest { Phone = "5550199" }, hub.Admin)).MemberId);
        await Assert.ThrowsAsync<RpcException>(async () => await hub.Members.FindMemberAsync(new FindMemberRequest { Phone = "5550100" }, hub.Admin));
        Assert.Empty((await hub.Members.ChangeProfileAsync(new ChangeProfileRequest { MemberId = member.ToString(), Operator = "kim", RemoveTags = { "vip" } }, hub.Admin)).Tags);
    }

    [Fact]
    public async Task A_phone_that_a_store_noted_counts_when_HQ_confirms_it()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var member = NewMember();
        await store.ConnectAsync();
        store.AppendRegistration(member, "5550100", "a-1");
        var noted = new OpEnvelope { Schema = 1, Id = new V1.OpId { Store = store.Holder.Store.Value, Incarnation = store.Holder.Incarnation.Value, Sequence = 2 }, Type = V1.OpType.ProfileSet, Member = ByteString.CopyFrom(member.ToBytes()) };
        noted.Stamp = new Hlc { WallMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() };
        noted.Fields.Add(new FieldChange { Field = ProfileField.Phone, Value = "5550199" });
        store.AppendBytes(noted.ToByteArray());
        await store.SendOpsAsync();
        await store.AckAsync(2);
        var before = await hub.Members.GetMemberAsync(new GetMemberRequest { MemberId = member.ToString() }, hub.Admin);

        var after = await hub.Members.ConfirmPendingAsync(new ConfirmPendingRequest { MemberId = member.ToString(), Operator = "kim", Field = ProfileField.Phone }, hub.Admin);

        Assert.Equal(("5550100", "5550199"), (before.Profile.Phone, Assert.Single(before.Pending).Value));
        Assert.Equal(("5550199", 0), (after.Profile.Phone, after.Pending.Count));
        var again = await Assert.ThrowsAsync<RpcException>(async () => await hub.Members.ConfirmPendingAsync(new ConfirmPendingRequest { MemberId = member.ToString(), Operator = "kim", Field = ProfileField.Phone }, hub.Admin));
        Assert.Equal(StatusCode.FailedPrecondition, again.StatusCode);
    }

    [Fact]
    public async Task An_erased_member_and_its_aliases_lose_their_data_for_good_and_keep_their_money()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var (alias, member) = (NewMember(), NewMember());
        await store.ConnectAsync();
        store.AppendRegistration(alias, "5550100", "a-1");
        store.AppendRegistration(member, "5550199", "b-1");
        await store.SendOpsAsync();
        await store.LogAsync(OpType.TopUp, member, Credit(Bucket.Principal, 700));
        await hub.Members.MergeMembersAsync(new MergeMembersRequest { LoserId = alias.ToString(), SurvivorId = member.ToString(), Operator = "kim", Reason = "twice" }, hub.Admin);

        var erased = await hub.Members.EraseMemberAsync(new EraseMemberRequest { MemberId = member.ToString(), Operator = "kim", Reason = "asked for" }, hub.Admin);
        var delta = (await store.ReadUntilAsync(frame => frame.MemberDelta?.Detail?.Erased == true && frame.MemberDelta.Member.Span.SequenceEqual(member.ToBytes()), "delta")).MemberDelta;
        store.AppendRegistration(member, "5550199", "b-1"); // arrives late
        await store.SendOpsAsync(from: 4);
        await store.AckAsync(4);
        await hub.RestartAsync();

        Assert.True(erased.Erased);
        Assert.Equal("", delta.Profile.Name);
        foreach (var id in (MemberId[])[alias, member])
        {
            var read = await hub.Members.GetMemberAsync(new GetMemberRequest { MemberId = id.ToString() }, hub.Admin);
            Assert.Equal((true, "", ""), (read.Erased, read.Profile.Name, read.Profile.Phone));
        }

        Assert.Equal(700, (await hub.WalletAsync(member)).PrincipalMinor);
        await Assert.ThrowsAsync<RpcException>(async () => await hub.Members.FindMemberAsync(new FindMemberRequest { Phone = "5550199" }, hub.Admin));
        await Assert.ThrowsAsync<RpcException>(async () => await hub.Members.FindMemberAsync(new FindMemberRequest { Card = "a-1" }, hub.Admin));
    }
}
