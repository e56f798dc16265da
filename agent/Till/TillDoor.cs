using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SyncHub.Agent.Till;

/// <summary>Stands before the tills' services: who is on this machine may call, any other till must be paired.</summary>
/// <remarks>Thread rule: any thread. Over the door of the shop's network everybody shows a token. Loopback is trusted because whoever runs programs there could read the agent's files as well.</remarks>
internal sealed class TillDoor(TillPairs pairs, ILogger<TillDoor> log)
{
    private const int Unauthenticated = 16; // gRPC's number
    private const string Message = "This till is not paired. On the agent's machine: synchub agent pair --data FOLDER --name TILL, then send 'authorization: Bearer <the token>'.";

    /// <summary>Handles one request.</summary>
    public Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        if (http.Features.Get<LanDoor>() is null && http.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address))
        {
            return next(http);
        }

        if (pairs.Find(http.Request.Headers.Authorization) is not null)
        {
            return next(http);
        }

        log.LogWarning("A till at {Address} was refused: it is not paired", http.Connection.RemoteIpAddress);
        if (http.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) == true)
        {
            http.Response.ContentType = "application/grpc";
            http.Response.Headers["grpc-status"] = Unauthenticated.ToString(System.Globalization.CultureInfo.InvariantCulture);
            http.Response.Headers["grpc-message"] = Uri.EscapeDataString(Message);
            return Task.CompletedTask;
        }

        http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        return http.Response.WriteAsJsonAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["error"] = Message });
    }
}
