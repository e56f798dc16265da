using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Grpc.Core;
using SyncHub.Core.Primitives;
using SyncHub.V1;
using Xunit;
using static SyncHub.Hub.Tests.ScriptedAgent;
using Bucket = SyncHub.Core.Wallets.Bucket;
using OpType = SyncHub.Core.Ops.OpType;

namespace SyncHub.Hub.Tests;

/// <summary>What is not normal becomes a case that a person at HQ finds and closes.</summary>
public sealed class CaseTests
{
    private static MemberId NewMember() => MemberId.Create(1_700_000_000_000, RandomNumberGenerator.GetBytes(10));

    [Fact]
    public async Task A_sale_without_rights_and_unreadable_bytes_are_cases_that_outlive_a_restart_and_are_closed_once()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        var member = NewMember();
        await store.ConnectAsync();
        await store.LogAsync(OpType.Sale, member, Debit(Bucket.Principal, 700));
        store.AppendBytes([0xff, 0xff, 0xff, 0x01]);
        await store.SendOpsAsync(from: 2);
        await store.AckAsync(2);
        await hub.RestartAsync();
        var cases = new V1.Cases.CasesClient(hub.Channel);

        var open = (await cases.ListCasesAsync(new ListCasesRequest { State = CaseState.Open }, hub.Admin)).Cases;

        Assert.Equal([CaseKind.UnbackedUse, CaseKind.UnreadableOp], open.Select(found => found.Kind));
        var unbacked = open[0];
        Assert.Equal((member.ToString(), 700, "store/1/loss", 1), (unbacked.MemberId, unbacked.AmountMinor, unbacked.PayerAccount, unbacked.Store));
        Assert.Equal(unbacked, await cases.GetCaseAsync(new GetCaseRequest { CaseId = unbacked.CaseId }, hub.Admin));
        Assert.Equal([unbacked], (await cases.ListCasesAsync(new ListCasesRequest { MemberId = member.ToString() }, hub.Admin)).Cases);
        Assert.Empty((await cases.ListCasesAsync(new ListCasesRequest { Store = 2 }, hub.Admin)).Cases);

        var closed = await cases.CloseCaseAsync(new CloseCaseRequest { CaseId = unbacked.CaseId, ClosedBy = "kim", Note = "The store paid." }, hub.Admin);
        var again = await Assert.ThrowsAsync<RpcException>(async () => await cases.CloseCaseAsync(new CloseCaseRequest { CaseId = unbacked.CaseId, ClosedBy = "lee", Note = "x" }, hub.Admin));

        Assert.Equal((CaseState.Closed, "kim"), (closed.State, closed.ClosedBy));
        Assert.Equal(StatusCode.FailedPrecondition, again.StatusCode);
        Assert.Equal([CaseKind.UnreadableOp], (await cases.ListCasesAsync(new ListCasesRequest { State = CaseState.Open }, hub.Admin)).Cases.Select(found => found.Kind));
    }

    [Fact]
    public async Task A_second_claimant_of_a_phone_gets_a_case_that_proposes_a_merge_and_the_first_keeps_the_phone()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        var (first, second) = (NewMember(), NewMember());
        store.AppendRegistration(first, "5550100", "a-1");
        await store.SendOpsAsync();
        await store.AckAsync(1); // else two partitions decide at once, and either may be first
        store.AppendRegistration(second, "5550100", "b-1");
        await store.SendOpsAsync(from: 2);
        await store.AckAsync(2);

        var found = Assert.Single((await new V1.Cases.CasesClient(hub.Channel).ListCasesAsync(new ListCasesRequest { Kind = CaseKind.DuplicateClaim }, hub.Admin)).Cases);

        Assert.Equal((second.ToString(), first.ToString(), 2), (found.MemberId, found.OtherMemberId, found.Op.Sequence));
        Assert.DoesNotContain("5550100", found.Note, StringComparison.Ordinal);
        Assert.Equal(first.ToString(), (await hub.Members.FindMemberAsync(new FindMemberRequest { Phone = "5550100" }, hub.Admin)).MemberId);
        Assert.Equal(second.ToString(), (await hub.Members.FindMemberAsync(new FindMemberRequest { Card = "b-1" }, hub.Admin)).MemberId);
    }

    [Fact]
    public async Task Cases_come_in_pages()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        for (var i = 0; i < 5; i++)
        {
            await store.LogAsync((OpType)99, NewMember());
        }

        var cases = new V1.Cases.CasesClient(hub.Channel);
        var seen = new List<string>();
        var request = new ListCasesRequest { Limit = 2 };
        do
        {
            var page = await cases.ListCasesAsync(request, hub.Admin);
            seen.AddRange(page.Cases.Select(found => found.CaseId));
            request.AfterCaseId = page.NextAfter;
        }
        while (request.AfterCaseId.Length > 0);

        Assert.Equal(5, seen.Distinct().Count());
        Assert.Equal(seen.Order(StringComparer.Ordinal), seen);
    }

    [Fact]
    public async Task The_json_door_lists_and_closes_cases_with_the_same_refusals()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var store = await hub.EnrolAsync();
        await store.ConnectAsync();
        await store.LogAsync((OpType)99, NewMember());
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{hub.HttpPort}") };
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/api/cases")).StatusCode);
        http.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(hub.Admin.GetValue("authorization")!);

        var listed = await http.GetFromJsonAsync<JsonElement>("/api/cases?state=open&kind=parked_op");
        var id = Assert.Single(listed.GetProperty("cases").EnumerateArray()).GetProperty("case_id").GetString();

        Assert.Equal(HttpStatusCode.BadRequest, (await http.GetAsync("/api/cases?state=maybe")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync($"/api/cases/{NewMember()}")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await http.PostAsJsonAsync($"/api/cases/{id}/close", new { closed_by = "kim" })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.PostAsJsonAsync($"/api/cases/{id}/close", new { closed_by = "kim", note = "Adjusted." })).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await http.PostAsJsonAsync($"/api/cases/{id}/close", new { closed_by = "kim", note = "Adjusted." })).StatusCode);
        Assert.Equal("CASE_STATE_CLOSED", (await http.GetFromJsonAsync<JsonElement>($"/api/cases/{id}")).GetProperty("state").GetString());
    }
}
