using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SyncHub.Protos.Mapping;

namespace SyncHub.Hub.Hq;

/// <summary>The same answers as JSON, for pages and scripts: the contracts' own JSON form.</summary>
internal static class JsonApi
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithPreserveProtoFieldNames(true));

    /// <summary>Maps the routes. Returned is the group, for the routes of other features; who may use a route, the table of doors says.</summary>
    public static RouteGroupBuilder Map(IEndpointRouteBuilder routes, HubParts parts, StoresService stores)
    {
        var api = routes.MapGroup("/api");
        api.MapGet("/stores", () => Json(stores.List()));
        api.MapGet("/members/{id}", (string id, CancellationToken cancellation) => ReadAsync(parts, id, view => MemberReading.Show(parts, view), cancellation));
        api.MapGet("/wallets/{id}", (string id, CancellationToken cancellation) => ReadAsync(parts, id, view => MemberCodec.ToWallet(view, parts.Rules.Rules.Currency), cancellation));
        routes.MapGet("/healthz", () => parts.Pipeline.Failed.IsCompleted ? Results.StatusCode(StatusCodes.Status503ServiceUnavailable) : Results.Text("ok"));
        return api;
    }

    private static async Task<IResult> ReadAsync(HubParts parts, string id, Func<Core.Members.MemberView, IMessage> shape, CancellationToken cancellation)
    {
        try
        {
            return Json(shape(await MemberReading.ReadAsync(parts, id, cancellation).ConfigureAwait(false)));
        }
        catch (RpcException fault)
        {
            return HqJson.Refusal(fault);
        }
    }

    /// <summary>A message as the answer.</summary>
    public static IResult Json(IMessage message) => Results.Text(Formatter.Format(message), "application/json");
}
