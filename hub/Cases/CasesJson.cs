using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SyncHub.Hub.Hq;
using SyncHub.V1;

namespace SyncHub.Hub.Cases;

/// <summary>Cases as JSON: <c>GET /api/cases</c>, <c>GET /api/cases/{id}</c>, <c>POST /api/cases/{id}/close</c>, <c>GET /api/parked</c>, <c>POST /api/cases/{id}/resume</c>.</summary>
internal static class CasesJson
{
    /// <summary>Maps the routes into the group behind the token.</summary>
    public static void Map(RouteGroupBuilder api, V1.Cases.CasesBase cases)
    {
        api.MapGet("/cases", (HttpRequest http, string? state, string? kind, string? member, int? store, string? after, int? limit) => HqJson.AnswerAsync(() => cases.ListCases(
            new ListCasesRequest
            {
                State = HqJson.EnumOf<CaseState>(state),
                Kind = HqJson.EnumOf<CaseKind>(kind),
                MemberId = member ?? "",
                Store = store ?? 0,
                AfterCaseId = after ?? "",
                Limit = limit ?? 0,
            },
            new JsonCallContext(http.HttpContext, "Cases/ListCases"))));
        api.MapGet("/cases/{id}", HqJson.Get("Cases/GetCase", static http => new GetCaseRequest { CaseId = http.RouteValues["id"] as string ?? "" }, cases.GetCase));
        api.MapGet("/parked", (HttpRequest http, string? member, string? after, int? limit) => HqJson.AnswerAsync(() => cases.ListParked(new ListParkedRequest { MemberId = member ?? "", After = after ?? "", Limit = limit ?? 0 }, new JsonCallContext(http.HttpContext, "Cases/ListParked"))));
        api.MapPost("/cases/{id}/resume", HqJson.Post("Cases/ResumeParked", ResumeParkedRequest.Parser, static (request, id) => request.CaseId = id, cases.ResumeParked));
        api.MapPost("/cases/{id}/close", HqJson.Post("Cases/CloseCase", CloseCaseRequest.Parser, static (request, id) => request.CaseId = id, cases.CloseCase));
    }
}
