using System.Globalization;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Standard;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using SyncHub.Hub.Cells;
using SyncHub.Hub.Grains;
using SyncHub.Hub.Users;

namespace SyncHub.Hub.Doors;

/// <summary>Stands before every endpoint of the hub, gRPC and JSON alike: who calls, may he, and what came of it.</summary>
/// <remarks>
/// 1. The table says what the endpoint needs; one that is not in it is refused. 2. The caller is made sure of. 3. The call runs with its
/// <see cref="DoorCall"/>. 4. What of it is not in the audit trail by then, because it was refused or changed nothing, is added.
/// </remarks>
internal sealed class DoorGuard(AccessBooks books, CellDoor cells, CommitPipeline pipeline, TimeProvider time, ILogger log)
{
    private const string SignIn = "Sign in (`synchub login`), or send 'authorization: Bearer <API token>'.";

    /// <summary>The address of a caller.</summary>
    public static string AddressOf(HttpContext http) => http.Connection.RemoteIpAddress?.ToString() ?? "";

    /// <summary>Handles one request.</summary>
    public async Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        var endpoint = http.GetEndpoint() as RouteEndpoint;
        var method = endpoint?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method;
        if (endpoint is null || (method is null && endpoint.RoutePattern.RawText!.EndsWith("/{method}", StringComparison.Ordinal)))
        {
            await next(http).ConfigureAwait(false); // there is nothing; the framework says so
            return;
        }

        var door = method is not null ? DoorTable.OfMethod(method.FullName) : DoorTable.OfRoute(http.Request.Method, endpoint.RoutePattern.RawText!);
        if (door is null)
        {
            log.LogError("{Endpoint} is refused to everybody: it has no row in the table of doors", endpoint.DisplayName);
            await Refusal.WriteAsync(http, method is not null, RpcFault.Of(StatusCode.PermissionDenied, Reason.PermissionMissing, "Nobody may use this.")).ConfigureAwait(false);
        }
        else if (!door.NeedsCaller)
        {
            await next(http).ConfigureAwait(false);
        }
        else if (CellDoor.IsAsked(http))
        {
            await LetHubInAsync(http, next, method, door).ConfigureAwait(false);
        }
        else if (door.Kind == DoorKind.Hub)
        {
            await Refusal.WriteAsync(http, method is not null, RpcFault.Of(StatusCode.Unauthenticated, Reason.TokenWrong, "This is for the hubs of the chain's other cells.")).ConfigureAwait(false);
        }
        else if (Authority.TokenIn(http.Request.Headers.Authorization) is not { } secret || await books.FindAsync(secret).ConfigureAwait(false) is not { } caller)
        {
            await Refusal.WriteAsync(http, method is not null, RpcFault.Of(StatusCode.Unauthenticated, Reason.TokenWrong, SignIn)).ConfigureAwait(false);
        }
        else
        {
            await LetInAsync(http, next, method, new DoorCall(caller, door, AddressOf(http), time)).ConfigureAwait(false);
        }
    }

    private async Task LetHubInAsync(HttpContext http, RequestDelegate next, IMethod? method, Door door)
    {
        DoorCall call;
        try
        {
            call = cells.Read(http, door);
        }
        catch (RpcException refusal)
        {
            log.LogWarning("A call for somebody else from {Peer} was refused: {Reason}", AddressOf(http), refusal.Status.Detail);
            await Refusal.WriteAsync(http, method is not null, refusal).ConfigureAwait(false);
            return;
        }

        await LetInAsync(http, next, method, call).ConfigureAwait(false);
    }

    private async Task LetInAsync(HttpContext http, RequestDelegate next, IMethod? method, DoorCall call)
    {
        if (!call.Door.Admits(call.Caller))
        {
            await pipeline.CommitAsync(new Storage.JournalBatch(), call.Entry("denied")).ConfigureAwait(false);
            await Refusal.WriteAsync(http, method is not null, RpcFault.Of(StatusCode.PermissionDenied, Reason.PermissionMissing, call.Caller.IsScoped && call.Door.Admits(call.Caller with { Stores = [] })
                ? $"{call.Door.What} is about the whole chain, and you are of some stores."
                : $"{call.Door.What} needs the permission {call.Door.Permission}. Ask an admin.")).ConfigureAwait(false);
            return;
        }

        DoorCall.Current = call;
        try
        {
            await next(http).ConfigureAwait(false);
        }
        finally
        {
            DoorCall.Current = null;
            var outcome = method is null ? OutcomeOfHttp(http) : OutcomeOfGrpc(http);
            if (call.Door.Kind is DoorKind.PersonalRead or DoorKind.Act && (!call.IsRecorded || outcome != "done"))
            {
                await pipeline.CommitAsync(new Storage.JournalBatch(), call.Entry(outcome != "done" ? outcome : call.HandedTo is { Count: > 0 } handed ? $"handed to cell {string.Join(", ", handed.Order())}" : "nothing to do")).ConfigureAwait(false);
            }
        }
    }

    private static string OutcomeOfHttp(HttpContext http) =>
        http.Response.StatusCode < StatusCodes.Status400BadRequest ? "done" : "HTTP " + http.Response.StatusCode.ToString(CultureInfo.InvariantCulture);

    private static string OutcomeOfGrpc(HttpContext http)
    {
        var trailers = http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
        var text = trailers?["grpc-status"].ToString() is { Length: > 0 } trailer ? trailer : http.Response.Headers["grpc-status"].ToString();
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code == 0 ? "done" : ((StatusCode)code).ToString() : "broken off";
    }
}
