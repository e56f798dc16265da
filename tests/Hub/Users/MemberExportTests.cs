using Grpc.Core;
using Grpc.Standard;
using SyncHub.Core.Primitives;
using SyncHub.V1;
using Xunit;
using Bucket = SyncHub.Core.Wallets.Bucket;
using CoreOpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests.Users;

/// <summary>What a member may ask for: everything that is kept of the person, and after an erasure nothing of it.</summary>
public sealed class MemberExportTests
{
    [Fact]
    public async Task All_that_is_kept_of_a_member_and_of_its_alias_comes_and_every_look_is_on_record()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var (member, alias) = await FillAsync(hub, store);

        var export = await ExportAsync(hub, member, hub.Admin);

        Assert.Equal([(member, "Mei Lin"), (alias, "Ann")], export.Members.Select(one => (one.MemberId, one.Profile.Name)));
        Assert.Equal((200, 100), (export.Wallets[0].PrincipalMinor, export.Wallets[0].HeldUnderAliasesMinor));
        Assert.Equal([(member, OpType.RegisterMember, 0L), (member, OpType.TopUp, 200L), (alias, OpType.RegisterMember, 0L), (alias, OpType.TopUp, 100L)], export.Ops.Select(one => (one.MemberId, one.Op.Type, one.Op.Moves.Sum(move => move.AmountMinor))));
        Assert.Equal("5550100", export.Ops[0].Op.Profile.Phone);
        Assert.Equal([(member, "profile_changed"), (alias, "merged_into")], export.Changes.Select(one => (one.MemberId, one.What)));
        Assert.Equal("vip", Assert.Single(export.Changes[0].AddedTags));
        Assert.Equal(("kim", "twice", member), (export.Changes[1].Operator, export.Changes[1].Reason, export.Changes[1].OtherMemberId));
        Assert.Contains(export.Cases, one => one.Kind == CaseKind.DuplicateClaim && one.MemberId == alias);
        Assert.Equal([(member, "read"), (alias, "read")], (await hub.AuditAsync(new ListAuditRequest { What = "Members/ExportMember" })).Select(row => (row.MemberId, row.Outcome)));
    }

    [Fact]
    public async Task Of_an_erased_member_the_export_brings_no_personal_data_back_and_the_money_is_still_told()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var (member, alias) = await FillAsync(hub, store);
        await hub.Members.EraseMemberAsync(new EraseMemberRequest { MemberId = member, Operator = "kim", Reason = "asked" }, hub.Admin);

        var export = await ExportAsync(hub, member, hub.Admin);

        Assert.Equal([200L, 100L], export.Ops.Where(one => one.Op.Type == OpType.TopUp).Select(one => one.Op.Moves.Sum(move => move.AmountMinor)));
        Assert.Contains(export.Members, one => one.MemberId == alias);
        foreach (var secret in new[] { "Mei Lin", "Ann", "5550100", "a-1", "b-1", "vip" })
        {
            Assert.DoesNotContain(secret, export.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_export_needs_its_own_permission_and_that_for_personal_data()
    {
        await using var hub = await HubFixture.StartAsync();
        var member = (await hub.Members.CreateMemberAsync(new CreateMemberRequest { Profile = new MemberProfile { Name = "Mei" } }, hub.Admin)).MemberId;
        foreach (var permissions in new Permission[][] { [Permission.MembersRead, Permission.MembersPersonal], [Permission.MembersRead, Permission.MembersExport] })
        {
            var headers = await hub.TokenAsync("t" + permissions.Length + permissions[1], permissions);
            var refused = await Assert.ThrowsAsync<RpcException>(() => ExportAsync(hub, member, headers));
            Assert.Equal((StatusCode.PermissionDenied, Reason.PermissionMissing), (refused.StatusCode, RpcFault.ReasonOf(refused)));
        }
    }

    // A member with a top-up and a tag, and another one with the same phone that was merged into it.
    private static async Task<(string Member, string Alias)> FillAsync(HubFixture hub, ScriptedAgent store)
    {
        var (member, alias) = (MemberId.Create(1, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), MemberId.Create(2, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
        await store.ConnectAsync();
        store.AppendRegistration(member, "5550100", "a-1");
        await store.SendOpsAsync();
        await store.AckAsync(1); // the first claimant of the phone; two partitions would decide who that is
        store.AppendRegistration(alias, "5550100", "b-1");
        store.Append(CoreOpType.TopUp, member, ScriptedAgent.Credit(Bucket.Principal, 200));
        store.Append(CoreOpType.TopUp, alias, ScriptedAgent.Credit(Bucket.Principal, 100));
        store.Append(CoreOpType.CloseDay, default);
        await store.SendOpsAsync();
        await store.AckAsync(5);
        await hub.Members.ChangeProfileAsync(new ChangeProfileRequest { MemberId = member.ToString(), Operator = "kim", AddTags = { "vip" }, Fields = { new FieldChange { Field = ProfileField.Name, Value = "Mei Lin", Proved = true } } }, hub.Admin);
        await hub.Members.MergeMembersAsync(new MergeMembersRequest { LoserId = alias.ToString(), SurvivorId = member.ToString(), Operator = "kim", Reason = "twice" }, hub.Admin);
        for (var look = 0; look < 1_000 && (await hub.WalletAsync(member)).HeldUnderAliasesMinor == 0; look++)
        {
            // The alias's news reach the survivor by a message of its own, after the answer.
        }

        return (member.ToString(), alias.ToString());
    }

    private static async Task<MemberExport> ExportAsync(HubFixture hub, string member, Metadata headers)
    {
        var whole = new MemberExport();
        using var call = hub.Members.ExportMember(new ExportMemberRequest { MemberId = member }, headers);
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            whole.MergeFrom(call.ResponseStream.Current);
        }

        return whole;
    }
}
