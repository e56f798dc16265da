using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SyncHub.V1;

namespace SyncHub.Hub.Hq;

/// <summary>What HQ does to members, as JSON: the messages of the gRPC services, with the member from the path, and the same handlers.</summary>
internal static class MembersJson
{
    /// <summary>Maps the routes. Each has a row in <see cref="Doors.DoorTable"/>, and names the method that it calls.</summary>
    public static void Map(RouteGroupBuilder api, V1.Members.MembersBase members, Credits.CreditsBase credits)
    {
        api.MapGet("/members", (HttpRequest http, string? phone, string? card) => HqJson.AnswerAsync(() => members.FindMember(
            card is not null ? new FindMemberRequest { Card = card } : phone is not null ? new FindMemberRequest { Phone = phone } : new FindMemberRequest(), new JsonCallContext(http.HttpContext, "Members/FindMember"))));
        api.MapPost("/members", HqJson.Post("Members/CreateMember", CreateMemberRequest.Parser, static (_, _) => { }, members.CreateMember));
        api.MapPost("/members/{id}/merge", HqJson.Post("Members/MergeMembers", MergeMembersRequest.Parser, static (request, id) => request.LoserId = id, members.MergeMembers));
        api.MapPost("/members/{id}/unmerge", HqJson.Post("Members/UnmergeMember", UnmergeMemberRequest.Parser, static (request, id) => request.AliasId = id, members.UnmergeMember));
        api.MapPost("/members/{id}/profile", HqJson.Post("Members/ChangeProfile", ChangeProfileRequest.Parser, static (request, id) => request.MemberId = id, members.ChangeProfile));
        api.MapPost("/members/{id}/pending", HqJson.Post("Members/ConfirmPending", ConfirmPendingRequest.Parser, static (request, id) => request.MemberId = id, members.ConfirmPending));
        api.MapPost("/members/{id}/erase", HqJson.Post("Members/EraseMember", EraseMemberRequest.Parser, static (request, id) => request.MemberId = id, members.EraseMember));
        api.MapGet("/members/{id}/export", (HttpRequest http, string id) => HqJson.AnswerAsync(async () =>
        {
            var whole = new MemberExport();
            await members.ExportMember(new ExportMemberRequest { MemberId = id }, new Gathered<MemberExport>(whole.MergeFrom), new JsonCallContext(http.HttpContext, "Members/ExportMember")).ConfigureAwait(false);
            return whole;
        }));
        api.MapPost("/members/{id}/credit", HqJson.Post("Credits/SetCreditLimit", SetCreditLimitRequest.Parser, static (request, id) => request.MemberId = id, credits.SetCreditLimit));
        api.MapPost("/members/{id}/floor-denied", HqJson.Post("Credits/SetFloorDenied", SetFloorDeniedRequest.Parser, static (request, id) => request.MemberId = id, credits.SetFloorDenied));
        api.MapGet("/floor-denied", (HttpRequest http) => HqJson.AnswerAsync(() => credits.ListFloorDenied(new ListFloorDeniedRequest { After = HqJson.TextOf(http, "after"), Limit = HqJson.NumberOf(http, "limit") }, new JsonCallContext(http.HttpContext, "Credits/ListFloorDenied"))));
    }
}
