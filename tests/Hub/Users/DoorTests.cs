using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.Logging.Abstractions;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Users;
using SyncHub.V1;
using Xunit;

namespace SyncHub.Hub.Tests.Users;

/// <summary>Nobody does what his role does not say, at whatever door.</summary>
public sealed class DoorTests
{
    [Fact]
    public void Every_method_of_every_service_has_a_row_in_the_table_of_doors() =>
        Assert.All(Doors.Services.Where(service => service.Name != "Till").SelectMany(service => service.Methods), method =>
            Assert.True(DoorTable.OfMethod($"/{method.Service.FullName}/{method.Name}") is { } door && door.What == $"{method.Service.Name}/{method.Name}", $"{method.FullName} has no row in hub/Doors/DoorTable.cs; until it has, nobody may call it."));

    [Theory]
    [InlineData("/synchub.v1.Stores/Unlisted", null)]
    [InlineData(null, "/api/unlisted")]
    public async Task What_has_no_row_in_the_table_of_doors_is_closed_to_everybody(string? method, string? route)
    {
        var http = new DefaultHttpContext();
        http.Request.Method = method is null ? "GET" : "POST";
        object[] metadata = method is null ? [] : [new GrpcMethodMetadata(typeof(DoorTests), new Method<string, string>(MethodType.Unary, "synchub.v1.Stores", "Unlisted", Marshallers.StringMarshaller, Marshallers.StringMarshaller))];
        http.SetEndpoint(new RouteEndpoint(static _ => Task.CompletedTask, RoutePatternFactory.Parse(route ?? method!), 0, new EndpointMetadataCollection(metadata), "unlisted"));
        var wasReached = false;
        await new DoorGuard(null!, null!, null!, TimeProvider.System, NullLogger<DoorGuard>.Instance).InvokeAsync(http, _ =>
        {
            wasReached = true;
            return Task.CompletedTask;
        });
        Assert.False(wasReached);
        Assert.Equal(method is null ? "403" : "7", method is null ? http.Response.StatusCode.ToString(System.Globalization.CultureInfo.InvariantCulture) : http.Response.Headers["grpc-status"].ToString());
    }

    [Fact]
    public async Task Without_a_session_or_token_every_method_is_closed()
    {
        await using var hub = await HubFixture.StartAsync();
        foreach (var method in Doors.OfHq)
        {
            Assert.Equal(StatusCode.Unauthenticated, (await Doors.TryAsync(hub, method, null)).StatusCode);
            Assert.Equal(StatusCode.Unauthenticated, (await Doors.TryAsync(hub, method, Doors.Bearer("syt_guessed"))).StatusCode);
        }
    }

    [Fact]
    public async Task An_auditor_changes_nothing_and_a_caller_without_permissions_reads_nothing()
    {
        await using var hub = await HubFixture.StartAsync();
        var auditor = await hub.TokenAsync("auditor", Roles.PermissionsOf(Role.Auditor));
        var marketing = await hub.TokenAsync("marketing", Roles.PermissionsOf(Role.Marketing));
        foreach (var method in Doors.OfHq)
        {
            var door = DoorTable.OfMethod($"/{method.Service.FullName}/{method.Name}")!;
            if (door.Kind == DoorKind.Act && door.Permission != Permission.Unspecified)
            {
                Assert.Equal((door.What, StatusCode.PermissionDenied), (door.What, (await Doors.TryAsync(hub, method, auditor)).StatusCode));
            }

            if (door.Permission is not (Permission.Unspecified or Permission.MembersRead or Permission.MembersWrite))
            {
                Assert.Equal((door.What, StatusCode.PermissionDenied), (door.What, (await Doors.TryAsync(hub, method, marketing)).StatusCode));
            }
        }
    }

    [Fact]
    public async Task The_json_doors_ask_the_same_table()
    {
        await using var hub = await HubFixture.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{hub.HttpPort}") };
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/api/stores")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/healthz")).StatusCode);
        http.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse((await hub.TokenAsync("shop", [Permission.StoresRead])).GetValue("authorization")!);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/api/stores")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync("/api/cases")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync("/api/wallets/x")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync("/api/audit")).StatusCode);
    }

    [Fact]
    public void Every_method_of_HQs_doors_is_reached_by_json_too() =>
        Assert.Empty(Doors.OfHq.Select(method => $"{method.Service.Name}/{method.Name}").Except(DoorTable.MethodsByJson));

    [Fact]
    public async Task Users_tokens_and_stores_are_kept_by_json_with_the_same_refusals_and_reasons()
    {
        await using var hub = await HubFixture.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{hub.HttpPort}/api/"), DefaultRequestHeaders = { Authorization = AuthenticationHeaderValue.Parse(hub.Admin.GetValue("authorization")!) } };
        async Task<(HttpStatusCode Code, string Text)> PostAsync(string path, object body)
        {
            using var answer = await http.PostAsJsonAsync(path, body);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }

        Assert.Equal(HttpStatusCode.OK, (await PostAsync("users", new { name = "kim", role = "ROLE_FINANCE", password = "correct horse battery" })).Code);
        var twice = await PostAsync("users", new { name = "Kim", role = "ROLE_FINANCE", password = "correct horse battery" });
        Assert.Equal((HttpStatusCode.Conflict, true), (twice.Code, twice.Text.Contains(Reason.UserExists, StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.OK, (await PostAsync("users/kim/pin", new { pin = "482913" })).Code);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync("users/kim", new { role = "ROLE_AUDITOR", disabled = true })).Code);
        Assert.Contains("ROLE_AUDITOR", await http.GetStringAsync("users"), StringComparison.Ordinal);
        Assert.Contains("kim", await http.GetStringAsync("cashiers"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync("users/nobody/password", new { password = "correct horse battery" })).Code);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync("tokens", new { name = "erp", permissions = new[] { "PERMISSION_STORES_READ" } })).Code);
        Assert.Contains("erp", await http.GetStringAsync("tokens"), StringComparison.Ordinal);
        Assert.Contains("enrolment_code", (await PostAsync("stores", new { name = "Harbour" })).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync("stores/one/reclaim", new { })).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync("stores/1/reclaim", new { approver = "kim" })).Code);
    }

    [Fact]
    public async Task A_token_of_some_stores_sees_those_alone_and_nothing_of_the_whole_chain()
    {
        await using var hub = await HubFixture.StartAsync();
        await using var one = await hub.EnrolAsync();
        await using var two = await hub.EnrolAsync();
        var admin = await hub.TokenAsync("branch", Roles.PermissionsOf(Role.Admin), stores: [2]);

        var seen = Assert.Single((await hub.Stores.ListStoresAsync(new ListStoresRequest(), admin)).Stores);

        Assert.Equal(2, seen.Store);
        foreach (var method in Doors.OfHq)
        {
            if (DoorTable.OfMethod($"/{method.Service.FullName}/{method.Name}") is { AllowsScoped: false } door)
            {
                Assert.Equal((door.What, StatusCode.PermissionDenied), (door.What, (await Doors.TryAsync(hub, method, admin)).StatusCode));
            }
        }
    }

    [Fact]
    public async Task A_token_may_do_nothing_that_its_maker_may_not_and_ends_when_it_is_revoked_or_old()
    {
        var time = new StillTime();
        await using var hub = await HubFixture.StartAsync(options => options with { Time = time });
        var tokens = new ApiTokens.ApiTokensClient(hub.Channel);
        var small = await hub.TokenAsync("small", [Permission.UsersWrite, Permission.StoresRead, Permission.UsersRead]);
        var escalation = new AddTokenRequest { Name = "more", Permissions = { Permission.MembersErase } };
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(async () => await tokens.AddTokenAsync(escalation, small))).StatusCode);
        var admin = new AddUserRequest { Name = "eve", Role = Role.Admin, Password = "correct horse battery" };
        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(async () => await new V1.Users.UsersClient(hub.Channel).AddUserAsync(admin, small))).StatusCode);

        var made = await tokens.AddTokenAsync(new AddTokenRequest { Name = "day", Permissions = { Permission.StoresRead }, ExpiresAtMs = time.GetUtcNow().AddDays(1).ToUnixTimeMilliseconds() }, small);
        Assert.Empty((await hub.Stores.ListStoresAsync(new ListStoresRequest(), Doors.Bearer(made.Secret))).Stores);
        var listed = (await tokens.ListTokensAsync(new ListTokensRequest(), small)).Tokens.Single(token => token.Id == made.Token.Id);
        Assert.True(listed.LastUsedMs > 0);
        Assert.DoesNotContain(made.Secret, listed.ToString(), StringComparison.Ordinal);

        time.Forward(TimeSpan.FromDays(2));
        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(async () => await hub.Stores.ListStoresAsync(new ListStoresRequest(), Doors.Bearer(made.Secret)))).StatusCode);
        await tokens.RevokeTokenAsync(new RevokeTokenRequest { Id = (await tokens.ListTokensAsync(new ListTokensRequest(), small)).Tokens.Single(token => token.Name == "small").Id }, hub.Admin);
        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(async () => await hub.Stores.ListStoresAsync(new ListStoresRequest(), small))).StatusCode);
    }
}
