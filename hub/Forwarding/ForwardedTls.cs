using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http.Features;

namespace SyncHub.Hub.Forwarding;

/// <summary>The certificate of whoever a forwarded call is of. Of the one request: the connection's own feature is that of all who are forwarded over it.</summary>
internal sealed class ForwardedTls(X509Certificate2? certificate) : ITlsConnectionFeature
{
    /// <inheritdoc/>
    public X509Certificate2? ClientCertificate { get; set; } = certificate;

    /// <inheritdoc/>
    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);
}
