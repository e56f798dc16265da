using Google.Protobuf;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace SyncHub.Hub.Hq;

/// <summary>The same answers as JSON, for pages and scripts: the contracts' own JSON form.</summary>
internal static class JsonApi
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithPreserveProtoFieldNames(true));

    /// <summary>Maps the routes. Returned is the group, for the routes of other features; who may use a route, the table of doors says.</summary>
    public static RouteGroupBuilder Map(IEndpointRouteBuilder routes, V1.Stores.StoresBase stores, V1.Members.MembersBase members, V1.Wallets.WalletsBase wallets)
    {
        var api = routes.MapGroup("/api");
        api.MapGet("/stores", HqJson.Get("Stores/ListStores", static http => new V1.ListStoresRequest { After = HqJson.NumberOf(http, "after"), Limit = HqJson.NumberOf(http, "limit") }, stores.ListStores));
        api.MapGet("/members/{id}", HqJson.Get("Members/GetMember", static http => new V1.GetMemberRequest { MemberId = http.RouteValues["id"] as string ?? "" }, members.GetMember));
        api.MapGet("/wallets/{id}", HqJson.Get("Wallets/GetWallet", static http => new V1.GetWalletRequest { MemberId = http.RouteValues["id"] as string ?? "", AfterLine = HqJson.TextOf(http, "after_line") }, wallets.GetWallet));
        var health = routes.ServiceProvider.GetRequiredService<HealthServiceImpl>();
        routes.MapGet("/healthz", async () => // as grpc.health.v1 says it of the whole hub
            (await health.Check(new HealthCheckRequest(), null!).ConfigureAwait(false)).Status == HealthCheckResponse.Types.ServingStatus.Serving ? Results.Text("ok") : Results.StatusCode(StatusCodes.Status503ServiceUnavailable));
        return api;
    }

    /// <summary>A message as the answer.</summary>
    public static IResult Json(IMessage message) => Results.Text(Formatter.Format(message), "application/json");
}
