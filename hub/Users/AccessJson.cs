using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SyncHub.Hub.Auditing;
using SyncHub.Hub.Doors;
using SyncHub.Hub.Hq;
using SyncHub.V1;

namespace SyncHub.Hub.Users;

/// <summary>Signing in and the audit trail as JSON: <c>POST /api/login</c>, <c>POST /api/logout</c>, <c>GET /api/me</c>, <c>GET /api/audit</c>.</summary>
internal static class AccessJson
{
    /// <summary>Maps the routes.</summary>
    public static void Map(RouteGroupBuilder api, AccessService access, AuditTrailService trail)
    {
        api.MapPost("/login", (HttpRequest request, CancellationToken cancellation) => HqJson.AnswerAsync(async () =>
            await access.LoginAsync(await HqJson.ReadAsync(request, LoginRequest.Parser, cancellation).ConfigureAwait(false), DoorGuard.AddressOf(request.HttpContext)).ConfigureAwait(false)));
        api.MapPost("/logout", () => HqJson.AnswerAsync(async () =>
        {
            await access.LogoutAsync(DoorCall.Current!).ConfigureAwait(false);
            return new LogoutResponse();
        }));
        api.MapGet("/me", () => HqJson.Answer(() => AccessService.IdentityOf(DoorCall.Current!.Caller)));
        api.MapGet("/audit", (string? who, string? member, string? what, long? from, long? to, string? after, int? limit) => HqJson.Answer(() =>
        {
            var wanted = new ListAuditRequest { Who = who ?? "", MemberId = member ?? "", What = what ?? "", FromMs = from ?? 0, ToMs = to ?? 0, After = after ?? "", Limit = limit ?? 0 };
            Authority.DemandText(wanted);
            return trail.List(wanted);
        }));
    }
}
