using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using SyncHub.Hub.Hq;
using SyncHub.V1;

namespace SyncHub.Hub.Approving;

/// <summary>What waits for a second person, as JSON: <c>GET /api/approvals?closed=true&amp;after=PLACE&amp;limit=N</c>, <c>POST /api/approvals</c>, <c>.../{id}/approve</c>, <c>.../{id}/reject</c>.</summary>
internal static class ApprovalsJson
{
    /// <summary>Maps the routes.</summary>
    public static void Map(RouteGroupBuilder api, Approvals.ApprovalsBase approvals)
    {
        api.MapGet("/approvals", HqJson.Get("Approvals/ListApprovals", static http => new ListApprovalsRequest { ClosedToo = http.Query["closed"] == "true", After = HqJson.TextOf(http, "after"), Limit = HqJson.NumberOf(http, "limit") }, approvals.ListApprovals));
        api.MapPost("/approvals", HqJson.Post("Approvals/AskFor", AskForRequest.Parser, static (_, _) => { }, approvals.AskFor));
        api.MapPost("/approvals/{id}/approve", HqJson.Post("Approvals/Approve", DecideRequest.Parser, static (request, id) => request.Id = id, approvals.Approve));
        api.MapPost("/approvals/{id}/reject", HqJson.Post("Approvals/Reject", DecideRequest.Parser, static (request, id) => request.Id = id, approvals.Reject));
    }
}
