using System.Globalization;
using Grpc.Core;
using Grpc.Standard;
using Microsoft.AspNetCore.Http;

namespace SyncHub.Hub.Doors;

/// <summary>A refusal that is written before any handler runs, as the caller reads it: gRPC or JSON.</summary>
internal static class Refusal
{
    /// <summary>Writes it.</summary>
    public static Task WriteAsync(HttpContext http, bool isGrpc, RpcException refusal)
    {
        var status = refusal.Status;
        if (isGrpc)
        {
            http.Response.ContentType = "application/grpc";
            http.Response.Headers["grpc-status"] = ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture);
            http.Response.Headers["grpc-message"] = Uri.EscapeDataString(status.Detail);
            foreach (var detail in refusal.Trailers)
            {
                http.Response.Headers[detail.Key] = detail.IsBinary ? Convert.ToBase64String(detail.ValueBytes).TrimEnd('=') : detail.Value;
            }

            return Task.CompletedTask;
        }

        http.Response.StatusCode = status.StatusCode switch
        {
            StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
            StatusCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
            _ => StatusCodes.Status403Forbidden,
        };
        return http.Response.WriteAsJsonAsync(new { error = status.Detail, reason = RpcFault.ReasonOf(refusal) ?? "" });
    }
}
