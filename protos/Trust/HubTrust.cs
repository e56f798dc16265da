using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;

namespace SyncHub.Protos.Trust;

/// <summary>How a program knows the hub: by one authority, and by nothing that the machine's system trusts.</summary>
/// <remarks>Thread-safe. The system's clock may be wrong on a store's machine, so a certificate is taken up to a week outside of its time.</remarks>
public sealed class HubTrust(X509Certificate2 authority, TimeProvider time)
{
    /// <summary>How far the two clocks may differ.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromDays(7);

    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private string _refusal = "";

    /// <summary>Why the newest certificate was not taken; empty where it was.</summary>
    public string Refusal => Volatile.Read(ref _refusal);

    /// <summary>Trust in the authority whose certificate is in a PEM file.</summary>
    /// <exception cref="CryptographicException">The file holds no certificate.</exception>
    public static HubTrust FromFile(string path) => new(X509Certificate2.CreateFromPem(File.ReadAllText(path)), TimeProvider.System);

    /// <summary>A handler for channels to the hub.</summary>
    /// <param name="own">The caller's own certificate with its key, where it has one.</param>
    public SocketsHttpHandler CreateHandler(X509Certificate2? own = null)
    {
        var handler = GrpcHttpHandler.Create();
        handler.SslOptions = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateContext = own is null ? null : SslStreamCertificateContext.Create(own, additionalCertificates: null, offline: true),
            RemoteCertificateValidationCallback = (_, presented, _, errors) => IsHub(presented as X509Certificate2, errors),
        };
        return handler;
    }

    /// <summary>A handler that takes whatever certificate: only to ask a hub for its authority, which the code's fingerprint then proves or not.</summary>
    public static SocketsHttpHandler CreateUntrustedHandler()
    {
        var handler = GrpcHttpHandler.Create();
        handler.SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, presented, _, _) => presented is not null };
        return handler;
    }

    private bool IsHub(X509Certificate2? presented, SslPolicyErrors errors)
    {
        var fault = presented is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) ? "it shows no certificate."
            : errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? "its certificate is for another name. Use a name or address that `synchub hub init --name` was given."
            : FindFault(presented);
        Volatile.Write(ref _refusal, fault ?? "");
        return fault is null;
    }

    private string? FindFault(X509Certificate2 presented)
    {
        var (from, until) = (new DateTimeOffset(presented.NotBefore), new DateTimeOffset(presented.NotAfter));
        var now = time.GetUtcNow();
        if (now < from - ClockTolerance || now > until + ClockTolerance)
        {
            return string.Create(CultureInfo.InvariantCulture, $"its certificate is valid from {from:u} to {until:u}, and this machine's clock says {now:u}. Set the clock; if it is right, start the hub again.");
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        chain.ChainPolicy.VerificationTime = (now <= from || now >= until ? from + ((until - from) / 2) : now).UtcDateTime; // its ends count as outside
        return !chain.Build(presented) ? "its certificate is not one of this chain's authority: it is another hub, or somebody in between."
            : !CertificateNames.IsHub(presented) ? "its certificate is not a hub's."
            : null;
    }
}
