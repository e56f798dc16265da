using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Grpc.Core;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests.Users;

/// <summary>A reclaim needs two people, and carries both names.</summary>
public sealed class ApprovalTests
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task One_asks_another_approves_and_the_act_and_the_trail_name_both()
    {
        await using var hub = await HubFixture.StartAsync(options => options with { OnePersonIsEnough = false });
        await using var store = await hub.EnrolAsync();
        await hub.AddUserAsync("ann", Role.Finance, Password);
        await hub.AddUserAsync("ben", Role.Finance, Password);
        await hub.AddUserAsync("mia", Role.Marketing, Password);
        var (ann, ben, mia) = (await BearerAsync(hub, "ann"), await BearerAsync(hub, "ben"), await BearerAsync(hub, "mia"));
        var approvals = new Approvals.ApprovalsClient(hub.Channel);
        var wanted = new ReclaimRequest { Store = 1, Approver = "somebody else" };

        Assert.Equal(StatusCode.FailedPrecondition, await CodeAsync(async () => await hub.Stores.ReclaimAsync(wanted, ann)));
        Assert.Equal(StatusCode.FailedPrecondition, await CodeAsync(async () => await hub.Stores.ReclaimAsync(wanted, hub.Admin)));
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(async () => await approvals.AskForAsync(new AskForRequest { Reclaim = wanted, Reason = "lost" }, mia)));
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(async () => await approvals.AskForAsync(new AskForRequest { Reclaim = wanted }, ann)));
        var asked = await approvals.AskForAsync(new AskForRequest { Reclaim = wanted, Reason = "the machine is lost" }, ann);

        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(async () => await approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, ann)));
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(async () => await approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, mia)));
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(async () => await approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, hub.Admin)));
        await hub.RestartAsync();
        approvals = new Approvals.ApprovalsClient(hub.Channel);
        Assert.Equal(asked.Id, Assert.Single((await approvals.ListApprovalsAsync(new ListApprovalsRequest(), ben)).Approvals).Id);
        Assert.Empty((await approvals.ListApprovalsAsync(new ListApprovalsRequest(), mia)).Approvals);
        var done = await approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, ben);

        Assert.Equal((ApprovalState.Done, "ann", "ben"), (done.State, done.RequestedBy, done.DecidedBy));
        Assert.Equal("ben for ann", Assert.Single((await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin)).Stores).Lives.Single().Approver);
        var entry = (await hub.AuditAsync(new ListAuditRequest { What = "Approvals/Approve" })).Single(row => row.Outcome == "done");
        Assert.Equal(("user ben", "ann", 1), (entry.Who, entry.RequestedBy, entry.Store));
        Assert.Equal(StatusCode.FailedPrecondition, await CodeAsync(async () => await approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, ben)));
    }

    [Fact]
    public async Task A_rejected_or_old_request_is_never_done()
    {
        var time = new StillTime();
        await using var hub = await HubFixture.StartAsync(options => options with { OnePersonIsEnough = false, Time = time });
        await using var store = await hub.EnrolAsync();
        await hub.AddUserAsync("ann", Role.Finance, Password);
        await hub.AddUserAsync("ben", Role.Finance, Password);
        var ask = new AskForRequest { Reclaim = new ReclaimRequest { Store = 1 }, Reason = "lost" };
        var approvals = new Approvals.ApprovalsClient(hub.Channel);
        var ann = await BearerAsync(hub, "ann");
        var (rejected, old) = (await approvals.AskForAsync(ask, ann), await approvals.AskForAsync(ask, ann));

        await approvals.RejectAsync(new DecideRequest { Id = rejected.Id }, ann);
        Assert.Equal(StatusCode.FailedPrecondition, await CodeAsync(async () => await approvals.ApproveAsync(new DecideRequest { Id = rejected.Id }, await BearerAsync(hub, "ben"))));
        time.Forward(TimeSpan.FromDays(8));
        Assert.Equal(StatusCode.FailedPrecondition, await CodeAsync(async () => await approvals.ApproveAsync(new DecideRequest { Id = old.Id }, await BearerAsync(hub, "ben"))));
        Assert.Equal("", Assert.Single((await hub.Stores.ListStoresAsync(new ListStoresRequest(), hub.Admin)).Stores).Lives.Single().Approver);
    }

    [Fact]
    public async Task A_credit_limit_above_what_one_person_may_set_waits_for_a_second_one_and_a_lower_one_does_not()
    {
        await using var hub = await HubFixture.StartAsync(options => options with { OnePersonIsEnough = false, ApprovalAboveMinor = 500 });
        await hub.AddUserAsync("ann", Role.Finance, Password);
        await hub.AddUserAsync("ben", Role.Finance, Password);
        await hub.AddUserAsync("mia", Role.Marketing, Password);
        var (ann, ben, mia) = (await BearerAsync(hub, "ann"), await BearerAsync(hub, "ben"), await BearerAsync(hub, "mia"));
        var member = (await hub.Members.CreateMemberAsync(new CreateMemberRequest { Profile = new MemberProfile { Name = "Mei" } }, hub.Admin)).MemberId;
        var (credits, approvals) = (new Credits.CreditsClient(hub.Channel), new Approvals.ApprovalsClient(hub.Channel));
        var high = new SetCreditLimitRequest { MemberId = member, LimitMinor = 900 };

        Assert.Equal(500, (await credits.SetCreditLimitAsync(new SetCreditLimitRequest { MemberId = member, LimitMinor = 500 }, ann)).CreditLimitMinor);
        var alone = await Assert.ThrowsAsync<RpcException>(async () => await credits.SetCreditLimitAsync(high, ann));
        Assert.Equal((StatusCode.FailedPrecondition, Reason.SecondPersonNeeded), (alone.StatusCode, Grpc.Standard.RpcFault.ReasonOf(alone)));
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(async () => await approvals.AskForAsync(new AskForRequest { CreditLimit = high, Reason = "good customer" }, mia)));
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(async () => await approvals.AskForAsync(new AskForRequest { CreditLimit = new SetCreditLimitRequest { MemberId = member, LimitMinor = -1 }, Reason = "x" }, ann)));
        var asked = await approvals.AskForAsync(new AskForRequest { CreditLimit = high, Reason = "good customer" }, ann);
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(async () => await approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, ann)));

        var done = await approvals.ApproveAsync(new DecideRequest { Id = asked.Id }, ben);

        Assert.Equal((ApprovalState.Done, "The credit limit is 900."), (done.State, done.Outcome));
        Assert.Equal(900, (await hub.Wallets.GetWalletAsync(new GetWalletRequest { MemberId = member }, hub.Admin)).CreditLimitMinor);
        Assert.Contains(await hub.AuditAsync(new ListAuditRequest { What = "Approvals/Approve" }), row => row is { Outcome: "done", Who: "user ben", RequestedBy: "ann" } && row.MemberId == member);
        Assert.Equal(700, (await credits.SetCreditLimitAsync(new SetCreditLimitRequest { MemberId = member, LimitMinor = 700 }, ann)).CreditLimitMinor);
    }

    [Fact]
    public async Task One_person_alone_merges_nobody_into_a_credit_limit_that_he_could_not_give_alone()
    {
        await using var hub = await HubFixture.StartAsync(options => options with { OnePersonIsEnough = false, ApprovalAboveMinor = 500 });
        await hub.AddUserAsync("ann", Role.Finance, Password);
        await hub.AddUserAsync("ben", Role.Finance, Password);
        var (ann, ben, sue) = (await BearerAsync(hub, "ann"), await BearerAsync(hub, "ben"), await hub.TokenAsync("sue", [Permission.MembersRead, Permission.MembersMerge]));
        var (credits, approvals) = (new Credits.CreditsClient(hub.Channel), new Approvals.ApprovalsClient(hub.Channel));
        async Task<string> MemberAsync(long limit)
        {
            var id = (await hub.Members.CreateMemberAsync(new CreateMemberRequest { Profile = new MemberProfile { Name = "Mei" } }, hub.Admin)).MemberId;
            await RaiseAsync(id, limit);
            return id;
        }

        async Task RaiseAsync(string member, long limit) =>
            await approvals.ApproveAsync(new DecideRequest { Id = (await approvals.AskForAsync(new AskForRequest { CreditLimit = new SetCreditLimitRequest { MemberId = member, LimitMinor = limit }, Reason = "good customer" }, ann)).Id }, ben);

        async Task<MemberRecord> MergeAsync(string loser, string survivor) =>
            await hub.Members.MergeMembersAsync(new MergeMembersRequest { LoserId = loser, SurvivorId = survivor, Operator = "sue", Reason = "registered twice" }, sue);

        var (high, low, own) = (await MemberAsync(900), await MemberAsync(500), await MemberAsync(100));

        await MergeAsync(low, own); // what one person may give
        var alone = await Assert.ThrowsAsync<RpcException>(() => MergeAsync(high, own));
        Assert.Equal((StatusCode.FailedPrecondition, Reason.SecondPersonNeeded), (alone.StatusCode, Grpc.Standard.RpcFault.ReasonOf(alone)));
        Assert.Equal(500, (await hub.Wallets.GetWalletAsync(new GetWalletRequest { MemberId = own }, hub.Admin)).CreditLimitMinor);
        await RaiseAsync(own, 900);

        Assert.Contains(high, (await MergeAsync(high, own)).Aliases);
    }

    [Fact]
    public async Task Asking_listing_approving_and_rejecting_go_by_json_too()
    {
        await using var hub = await HubFixture.StartAsync(options => options with { OnePersonIsEnough = false });
        await using var store = await hub.EnrolAsync();
        await hub.AddUserAsync("ann", Role.Finance, Password);
        await hub.AddUserAsync("ben", Role.Finance, Password);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{hub.HttpPort}/api/") };
        async Task<(HttpStatusCode Code, JsonElement Body)> CallAsync(string name, string path, object body)
        {
            http.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse((await BearerAsync(hub, name)).GetValue("authorization")!);
            using var answer = await http.PostAsJsonAsync(path, body);
            return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>());
        }

        var alone = await CallAsync("ann", "stores/1/reclaim", new { });
        var asked = await CallAsync("ann", "approvals", new { reason = "the machine is lost", reclaim = new { store = 1 } });
        var id = asked.Body.GetProperty("id").GetString();
        var own = await CallAsync("ann", $"approvals/{id}/approve", new { });
        var listed = await http.GetFromJsonAsync<JsonElement>("approvals");
        var done = await CallAsync("ben", $"approvals/{id}/approve", new { });
        var late = await CallAsync("ben", $"approvals/{id}/reject", new { });

        Assert.Equal((HttpStatusCode.Conflict, Reason.SecondPersonNeeded), (alone.Code, alone.Body.GetProperty("reason").GetString()));
        Assert.Equal((HttpStatusCode.Forbidden, Reason.NotASecondPerson), (own.Code, own.Body.GetProperty("reason").GetString()));
        Assert.Equal(id, Assert.Single(listed.GetProperty("approvals").EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal(("APPROVAL_STATE_DONE", "ben"), (done.Body.GetProperty("state").GetString(), done.Body.GetProperty("decided_by").GetString()));
        Assert.Equal((HttpStatusCode.Conflict, Reason.ApprovalOver), (late.Code, late.Body.GetProperty("reason").GetString()));
    }

    private static async Task<Metadata> BearerAsync(HubFixture hub, string name) => Doors.Bearer((await hub.LoginAsync(name, Password)).Token);

    private static async Task<StatusCode> CodeAsync(Func<Task> call) => (await Assert.ThrowsAsync<RpcException>(call)).StatusCode;
}
