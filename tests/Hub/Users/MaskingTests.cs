using System.Net.Http.Headers;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using SyncHub.Hub.Doors;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests.Users;

/// <summary>Who a member is, is shown to those who need it; every look at it is on record.</summary>
public sealed class MaskingTests
{
    private static readonly MemberProfile Annabel = new() { Name = "Annabel", Phone = "5550100", Card = "c-4711", Notes = "allergic to nuts", Email = "ann@example.com" };
    private static readonly string[] Secrets = [Annabel.Name, Annabel.Phone, Annabel.Card, Annabel.Notes, Annabel.Email, "5550199"];

    [Theory]
    [InlineData(Role.Admin, true)]
    [InlineData(Role.Marketing, true)]
    [InlineData(Role.StoreManager, true)]
    [InlineData(Role.Finance, false)]
    [InlineData(Role.Auditor, false)]
    public void A_role_sees_personal_data_in_full_only_where_its_work_needs_them(Role role, bool inFull) =>
        Assert.Equal(inFull, Roles.PermissionsOf(role).Contains(Permission.MembersPersonal));

    [Fact]
    public async Task Without_the_permission_no_answer_holds_personal_data_and_the_trail_says_which_reads_were_in_full()
    {
        await using var hub = await HubFixture.StartAsync();
        var member = await AddAsync(hub);
        var finance = await hub.TokenAsync("finance", Roles.PermissionsOf(Role.Finance));
        var desk = await hub.TokenAsync("desk", [Permission.MembersRead, Permission.MembersWrite, Permission.MembersMerge]);

        var found = await hub.Members.FindMemberAsync(new FindMemberRequest { Phone = Annabel.Phone }, finance);

        Assert.Equal((member, true), (found.MemberId, found.Masked));
        Assert.Equal(new MemberProfile { Name = "A***", Phone = "***100", Card = "***711", Notes = "***", Email = "a***" }, found.Profile);
        Assert.Equal("vip", Assert.Single(found.Tags));
        AssertHoldsNothing(await hub.Members.GetMemberAsync(new GetMemberRequest { MemberId = member }, finance));
        AssertHoldsNothing(await hub.Members.ChangeProfileAsync(new ChangeProfileRequest { MemberId = member, AddTags = { "new" }, Operator = "kim" }, desk));
        var other = await hub.Members.CreateMemberAsync(new CreateMemberRequest { Profile = new MemberProfile { Name = "Annabel", Phone = "5550199" } }, desk);
        AssertHoldsNothing(other);
        AssertHoldsNothing(await hub.Members.MergeMembersAsync(new MergeMembersRequest { LoserId = other.MemberId, SurvivorId = member, Operator = "kim", Reason = "twice" }, desk));
        AssertHoldsNothing(await hub.Members.UnmergeMemberAsync(new UnmergeMemberRequest { AliasId = other.MemberId, Operator = "kim", Reason = "two" }, desk));
        Assert.Equal(Annabel, (await hub.Members.GetMemberAsync(new GetMemberRequest { MemberId = member }, hub.Admin)).Profile);

        var reads = (await hub.AuditAsync(new ListAuditRequest { MemberId = member })).Where(row => row.What is "Members/GetMember" or "Members/FindMember").Select(row => (row.Who, row.Outcome));
        Assert.Equal([("token finance", "read masked"), ("token finance", "read masked"), ("token tests", "read")], reads);
    }

    [Fact]
    public async Task A_contact_that_waits_for_its_proof_is_masked_too_and_the_json_doors_hide_the_same()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        var member = await AddAsync(hub);
        Assert.True(Core.Primitives.MemberId.TryParse(member, out var id));
        store.AppendBytes(new OpEnvelope
        {
            Schema = 1,
            Id = new OpId { Store = store.Holder.Store.Value, Incarnation = store.Holder.Incarnation.Value, Sequence = 1 },
            Type = OpType.ProfileSet,
            Member = ByteString.CopyFrom(id.ToBytes()),
            Stamp = new Hlc { WallMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() },
            Fields = { new FieldChange { Field = ProfileField.Phone, Value = "5550199" } },
        }.ToByteArray());
        await store.SendOpsAsync();
        await store.AckAsync(1);
        var headers = await hub.TokenAsync("finance", Roles.PermissionsOf(Role.Finance));
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{hub.HttpPort}/api/"), DefaultRequestHeaders = { Authorization = AuthenticationHeaderValue.Parse(headers.GetValue("authorization")!) } };

        var pending = Assert.Single((await hub.Members.GetMemberAsync(new GetMemberRequest { MemberId = member }, headers)).Pending);

        Assert.Equal((ProfileField.Phone, "***199"), (pending.Field, pending.Value));
        foreach (var path in new[] { "members/" + member, "members?phone=" + Annabel.Phone, "wallets/" + member, "stores", "cases" })
        {
            var text = await http.GetStringAsync(new Uri(path, UriKind.Relative));
            Assert.All(Secrets, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        }
    }

    // A new answer with a profile in it must go through MemberReading.Show, and is added here with a case above. An export is in full, or not at all.
    [Fact]
    public void Every_answer_of_the_hub_that_can_hold_a_profile_is_a_member_record_of_the_service_members_or_an_export() =>
        Assert.All(Doors.OfHq.Where(method => method.Name != "ExportMember" && Holds(method.OutputType, [])), method => Assert.Equal(("Members", MemberRecord.Descriptor), (method.Service.Name, method.OutputType)));

    private static bool Holds(MessageDescriptor message, HashSet<MessageDescriptor> seen) => message == MemberProfile.Descriptor || message == FieldChange.Descriptor
        || (seen.Add(message) && message.Fields.InDeclarationOrder().Any(field => field.FieldType == FieldType.Message && Holds(field.MessageType, seen)));

    private static void AssertHoldsNothing(IMessage answer) => Assert.All(Secrets, secret => Assert.DoesNotContain(secret, answer.ToString(), StringComparison.Ordinal));

    private static async Task<string> AddAsync(HubFixture hub)
    {
        var member = (await hub.Members.CreateMemberAsync(new CreateMemberRequest { Profile = Annabel }, hub.Admin)).MemberId;
        await hub.Members.ChangeProfileAsync(new ChangeProfileRequest { MemberId = member, AddTags = { "vip" }, Operator = "kim" }, hub.Admin);
        return member;
    }
}
