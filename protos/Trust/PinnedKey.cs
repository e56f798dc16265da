using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;

namespace SyncHub.Protos.Trust;

/// <summary>How a till knows its agent: by the fingerprint of its key, and by nothing else; names and dates of the certificate do not count.</summary>
public static class PinnedKey
{
    // As curl writes it: --pinnedpubkey.
    private const string Prefix = "sha256//";

    /// <summary>The fingerprint of a certificate's public key: <c>sha256//</c> and base64, as <c>curl --pinnedpubkey</c> takes it.</summary>
    public static string FingerprintOf(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return Prefix + Convert.ToBase64String(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));
    }

    /// <summary>A handler for channels to the agent that has this key.</summary>
    /// <exception cref="ArgumentException">That is no fingerprint.</exception>
    public static SocketsHttpHandler CreateHandler(string fingerprint)
    {
        ArgumentNullException.ThrowIfNull(fingerprint);
        if (!fingerprint.StartsWith(Prefix, StringComparison.Ordinal))
        {
            throw new ArgumentException($"A fingerprint begins with {Prefix}; `synchub agent pair` prints it.", nameof(fingerprint));
        }

        var handler = GrpcHttpHandler.Create();
        handler.SslOptions = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            RemoteCertificateValidationCallback = (_, presented, _, _) => presented is X509Certificate2 certificate && FingerprintOf(certificate) == fingerprint,
        };
        return handler;
    }
}
