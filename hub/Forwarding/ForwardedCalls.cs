using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Standard;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using SyncHub.Hub.Certificates;
using SyncHub.Hub.Doors;
using SyncHub.V1;

namespace SyncHub.Hub.Forwarding;

/// <summary>At the hub that leads: calls that a hub which stands by forwards count as of whoever made them.</summary>
/// <remarks>Stands before everything that asks who calls. The word of a hub is taken, because a hub has the key of the authority and could make itself any certificate; nobody else's is.</remarks>
internal sealed class ForwardedCalls(CertificateAuthority? authority, ILogger log)
{
    /// <summary>The metadata with the <see cref="Forwarded"/>.</summary>
    public const string Header = "synchub-forwarded-bin";

    /// <summary>Handles one request.</summary>
    public Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        if (!http.Request.Headers.TryGetValue(Header, out var said))
        {
            return next(http);
        }

        try
        {
            Take(http, said.ToString());
        }
        catch (RpcException refusal)
        {
            log.LogWarning("A call that {Peer} forwarded was refused: {Reason}", DoorGuard.AddressOf(http), refusal.Status.Detail);
            return Refusal.WriteAsync(http, IsGrpc(http), refusal);
        }

        return next(http);
    }

    /// <summary>Whether a request is one of gRPC.</summary>
    public static bool IsGrpc(HttpContext http) => http.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) == true;

    /// <summary>Whether a hub forwarded a request, or somebody says so.</summary>
    public static bool IsSaidOf(HttpContext http) => http.Request.Headers.ContainsKey(Header);

    /// <summary>Who called, for the hub that leads.</summary>
    public static string Write(HttpContext http)
    {
        var forwarded = new Forwarded { From = DoorGuard.AddressOf(http) };
        if (http.Connection.ClientCertificate is { } shown)
        {
            forwarded.Certificate = ByteString.CopyFrom(shown.RawDataMemory.Span);
        }

        return Convert.ToBase64String(forwarded.ToByteArray()).TrimEnd('=');
    }

    private void Take(HttpContext http, string said)
    {
        if (authority is null || http.Connection.ClientCertificate is not { } presented || !authority.IsHub(presented))
        {
            // UNAVAILABLE, and not a word on the caller: what it came through is at fault, and another hub may serve it.
            throw RpcFault.Of(StatusCode.Unavailable, Reason.ForwarderUnknown, "Only a hub of this chain may forward calls, and what this call came through shows no hub's certificate. Call a hub of the chain itself.");
        }

        try
        {
            var forwarded = Forwarded.Parser.ParseFrom(Convert.FromBase64String(said.PadRight((said.Length + 3) / 4 * 4, '=')));
            http.Features.Set<ITlsConnectionFeature>(new ForwardedTls(forwarded.Certificate.IsEmpty ? null : X509CertificateLoader.LoadCertificate(forwarded.Certificate.Span)));
            http.Connection.RemoteIpAddress = IPAddress.TryParse(forwarded.From, out var address) ? address : null;
            http.Request.Headers.Remove(Header);
        }
        catch (Exception fault) when (fault is FormatException or InvalidProtocolBufferException or CryptographicException)
        {
            throw RpcFault.Of(StatusCode.InvalidArgument, Reason.FieldInvalid, $"{Header} cannot be read: {fault.Message}");
        }
    }
}
