using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using SyncHub.Hub.Certificates;

namespace SyncHub.Hub;

/// <summary>The hub's two doors: gRPC for stores and programs of HQ, JSON for pages. Both speak TLS.</summary>
/// <remarks>
/// The gRPC door asks each caller for a certificate and takes whatever it shows: the door of the stores judges it, so that a refusal has words. No
/// other service looks at it.
/// </remarks>
internal static class HubDoors
{
    /// <summary>Opens both.</summary>
    /// <param name="kestrel">The web server.</param>
    /// <param name="options">Where, and with what certificate for the JSON door.</param>
    /// <param name="certificates">The authority; null: no TLS.</param>
    public static void Listen(KestrelServerOptions kestrel, HubOptions options, CertificateAuthority? certificates)
    {
        options.Limits.ApplyTo(kestrel);
        kestrel.AddServerHeader = false;
        kestrel.Listen(options.Address, options.GrpcPort, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (certificates is not null)
            {
                var tls = Present(certificates, options);
                tls.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                tls.ClientCertificateValidation = static (presented, _, _) => presented is not null;
                listen.UseHttps(tls);
            }
        });
        kestrel.Listen(options.Address, options.HttpPort, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            if (options.CertificatePath.Length > 0)
            {
                listen.UseHttps(X509Certificate2.CreateFromPemFile(options.CertificatePath, options.KeyPath));
            }
            else if (certificates is not null)
            {
                listen.UseHttps(Present(certificates, options));
            }
        });
    }

    // Asked anew for each connection, because the hub renews its certificate while it runs.
    private static HttpsConnectionAdapterOptions Present(CertificateAuthority certificates, HubOptions options) => new()
    {
        HandshakeTimeout = TimeSpan.FromSeconds(options.Limits.RequestSeconds),
        ServerCertificateSelector = (_, _) => certificates.Hub,
        SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
    };
}
