using Google.Protobuf;
using Grpc.Core;
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
    public static void Map(RouteGroupBuilder api, CasesService cases)
    {
        api.MapGet("/cases", (string? state, string? kind, string? member, int? store, string? after, int? limit) => HqJson.Answer(() => cases.List(new ListCasesRequest
        {
            State = HqJson.EnumOf<CaseState>(state),
            Kind = HqJson.EnumOf<CaseKind>(kind),
            MemberId = member ?? "",
            Store = store ?? 0,
            AfterCaseId = after ?? "",
            Limit = limit ?? 0,
        })));
        api.MapGet("/cases/{id}", (string id) => HqJson.Answer(() => cases.Get(id)));
        api.MapGet("/parked", (string? member) => HqJson.Answer(() => cases.ListParked(new ListParkedRequest { MemberId = member ?? "" })));
        api.MapPost("/cases/{id}/resume", (string id, HttpRequest request, CancellationToken cancellation) => HqJson.AnswerAsync(async () =>
        {
            var resuming = await HqJson.ReadAsync(request, ResumeParkedRequest.Parser, cancellation).ConfigureAwait(false);
            resuming.CaseId = id;
            return await cases.ResumeAsync(resuming, cancellation).ConfigureAwait(false);
        }));
        api.MapPost("/cases/{id}/close", (string id, HttpRequest request, CancellationToken cancellation) => HqJson.AnswerAsync(async () =>
        {
            var closing = await HqJson.ReadAsync(request, CloseCaseRequest.Parser, cancellation).ConfigureAwait(false);
            closing.CaseId = id;
            return await cases.CloseAsync(closing, cancellation).ConfigureAwait(false);
        }));
    }
}
