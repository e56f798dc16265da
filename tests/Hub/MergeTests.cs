using System.Security.Cryptography;
using Grpc.Core;
using SyncHub.Core.Primitives;
using SyncHub.V1;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>HQ merges two members and undoes it, over real sockets, partitions and a database.</summary>
public sealed class MergeTests
{
    private static MemberId NewMember() => MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));

    [Fact]
    public async Task What_the_loser_has_free_goes_to_the_survivor_and_what_stores_hold_follows_when_they_hand_it_back()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var (loser, survivor) = (NewMember(), NewMember());
        await store.ConnectAsync();
        store.AppendRegistration(loser, "5550100", "a-1");
        store.AppendRegistration(survivor, "5550199", "b-1");
        await store.SendOpsAsync();
        await store.LogAsync(OpType.TopUp, loser, Credit(Bucket.Principal, 10_000));
        await store.LogAsync(OpType.Relinquish, loser, Relinquish(Bucket.Principal, 6_000));
        await store.LogAsync(OpType.TopUp, survivor, Credit(Bucket.Principal, 500));

        var merged = await MergeAsync(hub, loser, survivor);

        Assert.Equal([loser.ToString()], merged.Aliases);
        Assert.Equal((6_500, 4_000), await MoneyAsync(hub, survivor));
        Assert.Equal((4_000, 0), await MoneyAsync(hub, loser));
        Assert.Equal(survivor.ToString(), (await hub.Members.FindMemberAsync(new FindMemberRequest { Phone = "5550100" }, hub.Admin)).MemberId);

        await store.LogAsync(OpType.Sale, loser, Debit(Bucket.Principal, 1_000)); // a store that has not heard of it yet
        await store.LogAsync(OpType.Relinquish, loser, Relinquish(Bucket.Principal, 3_000));
        await hub.RestartAsync();

        Assert.Equal((9_500, 0), await MoneyAsync(hub, survivor));
        Assert.Equal((0, 0), await MoneyAsync(hub, loser));
        Assert.Equal(merged.Aliases, (await MergeAsync(hub, loser, survivor)).Aliases);
    }

    [Fact]
    public async Task A_till_that_identifies_the_loser_gets_the_survivor_and_learns_of_the_merge()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var (loser, survivor) = (NewMember(), NewMember());
        await store.ConnectAsync();
        store.AppendRegistration(loser, "5550100", "a-1");
        store.AppendRegistration(survivor, "5550199", "b-1");
        await store.SendOpsAsync();
        await store.AckAsync(2);
        await MergeAsync(hub, loser, survivor);

        await store.SendAsync(new AgentFrame { Identify = new IdentifyRequest { Request = 7, Phone = "5550100", Prefetch = true } });
        var reply = (await store.ReadUntilAsync(frame => frame.IdentifyReply?.Request == 7, "reply")).IdentifyReply;

        Assert.Equal(survivor.ToBytes(), reply.Member.Member.ToByteArray());
        Assert.Equal([loser.ToBytes()], reply.Member.Detail.Aliases.Select(alias => alias.ToByteArray()));
    }

    [Fact]
    public async Task Circles_and_second_merges_are_refused_with_the_reason()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        MemberId[] members = [NewMember(), NewMember(), NewMember()];
        await store.ConnectAsync();
        for (var i = 0; i < members.Length; i++)
        {
            store.AppendRegistration(members[i], $"555010{i}", $"a-{i}");
        }

        await store.SendOpsAsync();
        await store.AckAsync(members.Length);
        await MergeAsync(hub, members[0], members[1]);

        await RefusedAsync(hub, members[1], members[0], "was itself merged");
        await RefusedAsync(hub, members[0], members[2], "was merged into");
        await RefusedAsync(hub, members[0], members[0], "itself");
        await RefusedAsync(hub, NewMember(), members[1], "no such member");
        await MergeAsync(hub, members[1], members[2]); // a tree of two storeys is sound
        await RefusedAsync(hub, members[2], members[0], "was itself merged");
    }

    [Fact]
    public async Task An_undone_merge_gives_back_what_is_unspent()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var (loser, survivor) = (NewMember(), NewMember());
        await store.ConnectAsync();
        store.AppendRegistration(loser, "5550100", "a-1");
        store.AppendRegistration(survivor, "5550199", "b-1");
        await store.SendOpsAsync();
        await store.LogAsync(OpType.TopUp, loser, Credit(Bucket.Principal, 1_000));
        await store.LogAsync(OpType.Relinquish, loser, Relinquish(Bucket.Principal, 1_000));
        await MergeAsync(hub, loser, survivor);

        var undone = hub.Members.UnmergeMemberAsync(new UnmergeMemberRequest { AliasId = loser.ToString(), Operator = "kim", Reason = "two persons" }, hub.Admin);
        var ask = (await store.ReadUntilAsync(frame => frame.RevokeAsk?.Member.Span.SequenceEqual(survivor.ToBytes()) == true, "revoke")).RevokeAsk;
        await store.LogAsync(OpType.Relinquish, survivor, Relinquish(Bucket.Principal, ask.Lines[0].AsOfGranted)); // what the placement had put here
        await store.AnswerRevokeAsync(ask);
        await undone;
        await hub.RestartAsync();

        Assert.Equal((0, 0), await MoneyAsync(hub, survivor));
        Assert.Equal((1_000, 0), await MoneyAsync(hub, loser));
        Assert.Equal("", (await hub.Members.GetMemberAsync(new GetMemberRequest { MemberId = loser.ToString() }, hub.Admin)).AliasOf);
        Assert.Equal(loser.ToString(), (await hub.Members.FindMemberAsync(new FindMemberRequest { Phone = "5550100" }, hub.Admin)).MemberId);
    }

    private static async Task<MemberRecord> MergeAsync(HubFixture hub, MemberId loser, MemberId survivor) => await hub.Members.MergeMembersAsync(
        new MergeMembersRequest { LoserId = loser.ToString(), SurvivorId = survivor.ToString(), Operator = "kim", Reason = "registered twice" }, hub.Admin, DateTime.UtcNow + HubFixture.Patience);

    private static async Task RefusedAsync(HubFixture hub, MemberId loser, MemberId survivor, string why)
    {
        var fault = await Assert.ThrowsAsync<RpcException>(() => MergeAsync(hub, loser, survivor));
        Assert.Equal(StatusCode.FailedPrecondition, fault.StatusCode);
        Assert.Contains(why, fault.Status.Detail, StringComparison.Ordinal);
    }

    private static async Task<(long Own, long Held)> MoneyAsync(HubFixture hub, MemberId member)
    {
        var wallet = await hub.WalletAsync(member);
        return (wallet.PrincipalMinor, wallet.HeldUnderAliasesMinor);
    }
}
