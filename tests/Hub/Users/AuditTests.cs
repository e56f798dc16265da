using Grpc.Core;
using SyncHub.Hub.Auditing;
using SyncHub.Storage;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests.Users;

/// <summary>Every act, and every read of a person's data, is on record.</summary>
public sealed class AuditTests
{
    [Fact]
    public async Task A_search_that_finds_little_ends_and_goes_on()
    {
        const int Entries = 45_000;
        await using var hub = await HubFixture.StartAsync();
        await hub.RestartAsync(async folder =>
        {
            await using var journal = SealedJournal.Reopen(SqliteJournal.Open(Path.Combine(folder, "hub.db"), new SqliteJournalOptions()), KeyRing.Open(Path.Combine(folder, "hub.keys")), new HashSet<string> { "phone", "card" });
            var trail = TrailWriter.Open(journal, TimeProvider.System);
            var batch = new JournalBatch();
            foreach (var number in Enumerable.Range(1, Entries))
            {
                trail.AddTo(batch, new AuditEntry { AtMs = number, Who = number == Entries ? "user kim" : "user lee", What = "Members/GetMember", Outcome = "read" });
            }

            await journal.CommitAsync(batch);
        });

        var request = new ListAuditRequest { Who = "user kim" };
        var pages = new List<int>();
        do
        {
            var page = await new AuditTrail.AuditTrailClient(hub.Channel).ListAuditAsync(request, hub.Admin);
            pages.Add(page.Rows.Count);
            request.After = page.NextAfter;
        }
        while (request.After.Length > 0);
        Assert.Equal([0, 0, 1], pages);
    }

    [Fact]
    public async Task A_store_that_is_told_of_a_member_for_the_first_time_is_in_the_trail_once()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var home = await hub.EnrolAsync();
        await using var other = await hub.EnrolAsync();
        var member = Core.Primitives.MemberId.Create(1_700_000_000_000, new byte[10]);
        await home.ConnectAsync();
        await other.ConnectAsync();
        home.AppendRegistration(member, "5550100", "card-1");
        await home.SendOpsAsync();
        await home.AckAsync(1);
        for (var request = 1; request <= 2; request++)
        {
            var asked = request;
            await other.SendAsync(new AgentFrame { Identify = new IdentifyRequest { Nonce = other.Nonce, Request = asked, Phone = "5550100" } });
            await other.ReadUntilAsync(frame => frame.IdentifyReply is { Found: true } reply && reply.Request == asked, "the member");
        }

        var entry = Assert.Single(await hub.AuditAsync(new ListAuditRequest { MemberId = member.ToString() }));
        Assert.Equal(("store 2", "Sync/Link", "read", 2), (entry.Who, entry.What, entry.Outcome, entry.Store));
        Assert.Equal(member.ToString(), Assert.Single(await hub.AuditAsync(new ListAuditRequest { Who = "store 2" })).MemberId);
    }

    [Fact]
    public async Task Acts_reads_refusals_and_failures_are_recorded_with_who_what_whom_and_from_where()
    {
        await using var hub = await HubFixture.StartAsync();
        var member = (await hub.Members.CreateMemberAsync(new CreateMemberRequest { Profile = new MemberProfile { Name = "Ann", Phone = "5550100" } }, hub.Admin)).MemberId;
        await hub.Members.FindMemberAsync(new FindMemberRequest { Phone = "5550100" }, hub.Admin);
        await Assert.ThrowsAsync<RpcException>(async () => await hub.Members.FindMemberAsync(new FindMemberRequest { Phone = "5550199" }, hub.Admin));
        await hub.Members.EraseMemberAsync(new EraseMemberRequest { MemberId = member, Operator = "kim", Reason = "wanted" }, hub.Admin);
        var clerk = await hub.TokenAsync("clerk", [Permission.MembersRead]);
        await Assert.ThrowsAsync<RpcException>(async () => await hub.Members.EraseMemberAsync(new EraseMemberRequest { MemberId = member, Operator = "kim", Reason = "wanted" }, clerk));
        await hub.Stores.CreateStoreAsync(new CreateStoreRequest { Store = 7 }, hub.Admin);
        await hub.RestartAsync();
        await hub.WalletAsync(Core.Primitives.MemberId.TryParse(member, out var id) ? id : default);

        var rows = await hub.AuditAsync();

        Assert.Equal(
            [
                ("machine", "ApiTokens/AddToken", "done", ""),
                ("token tests", "Members/CreateMember", "done", member),
                ("token tests", "Members/FindMember", "read", member),
                ("token tests", "Members/FindMember", "NotFound", ""),
                ("token tests", "Members/EraseMember", "done", member),
                ("token tests", "ApiTokens/AddToken", "done", ""),
                ("token clerk", "Members/EraseMember", "denied", ""),
                ("token tests", "Stores/CreateStore", "done", ""),
                ("token tests", "Wallets/GetWallet", "read", member),
            ],
            rows.Select(row => (row.Who.StartsWith("machine", StringComparison.Ordinal) ? "machine" : row.Who, row.What, row.Outcome, row.MemberId)));
        Assert.All(rows.Skip(1), row => Assert.Equal("127.0.0.1", row.From));
        Assert.Equal(7, rows.Single(row => row.What == "Stores/CreateStore").Store);
        Assert.DoesNotContain("5550100", string.Concat(rows), StringComparison.Ordinal);
        Assert.Equal(4, (await hub.AuditAsync(new ListAuditRequest { MemberId = member, Limit = 1 })).Count);
        Assert.Equal("denied", Assert.Single(await hub.AuditAsync(new ListAuditRequest { Who = "token clerk" })).Outcome);
    }

    // docs/operations.md, Audit trail: it is kept for good, so it must cost little and hold nobody's data.
    [Fact]
    public async Task The_trail_is_kept_for_good_costs_little_and_outlives_the_person_it_tells_of_without_his_data()
    {
        const int Reads = 300;
        var time = new StillTime();
        await using var hub = await HubFixture.StartAsync(options => options with { Time = time });
        var member = (await hub.Members.CreateMemberAsync(new CreateMemberRequest { Profile = new MemberProfile { Name = "Quentin Unmistakable", Phone = "5550100" } }, hub.Admin)).MemberId;
        for (var i = 0; i < Reads; i++)
        {
            await hub.Members.GetMemberAsync(new GetMemberRequest { MemberId = member }, hub.Admin);
        }

        await hub.Members.EraseMemberAsync(new EraseMemberRequest { MemberId = member, Operator = "kim", Reason = "wanted" }, hub.Admin);
        time.Forward(TimeSpan.FromDays(300));
        await hub.RestartAsync();
        await hub.SweepAsync();

        var kept = await hub.AuditAsync(new ListAuditRequest { MemberId = member });
        Assert.Equal(Reads + 2, kept.Count);
        Assert.DoesNotContain("Quentin", string.Concat(kept), StringComparison.Ordinal);
        Assert.InRange(kept.Average(entry => entry.CalculateSize()), 1, 150);
    }

    [Fact]
    public async Task What_a_person_does_carries_his_own_name_whatever_he_writes()
    {
        await using var hub = await HubFixture.StartAsync();
        await hub.AddUserAsync("kim", Role.Admin, "correct horse battery");
        var kim = Doors.Bearer((await hub.LoginAsync("kim", "correct horse battery")).Token);
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        store.AppendBytes([0xff, 0xff, 0xff, 0x01]);
        await store.SendOpsAsync();
        await store.AckAsync(1);
        var cases = new V1.Cases.CasesClient(hub.Channel);
        var open = Assert.Single((await cases.ListCasesAsync(new ListCasesRequest(), kim)).Cases);

        var closed = await cases.CloseCaseAsync(new CloseCaseRequest { CaseId = open.CaseId, ClosedBy = "lee", Note = "seen" }, kim);

        Assert.Equal("kim", closed.ClosedBy);
        Assert.Equal(("user kim", "done"), (await hub.AuditAsync(new ListAuditRequest { What = "Cases/CloseCase" })).Select(row => (row.Who, row.Outcome)).Single());
    }
}
