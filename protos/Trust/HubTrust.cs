using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;

namespace SyncHub.Protos.Trust;

/// <summary>How a program knows the hub: by one authority, and by nothing that the machine's system trusts.</summary>
/// <remarks>Thread-safe. The system's clock may be wrong on a store's machine, so a certificate is taken up to a week outside of its time.</remarks>
public sealed class HubTrust(X509Certificate2 authority, TimeProvider time, IHubFloor? floor = null)
{
    /// <summary>How far the two clocks may differ.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromDays(7);

    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private static readonly TimeSpan LongestDaily = TimeSpan.FromDays(30);
    private string _refusal = "";

    /// <summary>Why the newest certificate was not taken; empty where it was.</summary>
    public string Refusal => Volatile.Read(ref _refusal);

    /// <summary>For how long before now a hub's certificate may have been given, where nothing else tells an old one from the hub's: a hub gets a new one each day.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromDays(2);

    /// <summary>Whether the certificate has to be <see cref="Fresh"/>: for machines whose clock somebody looks at.</summary>
    public bool DemandsFresh { get; init; }

    /// <summary>Trust in the authority whose certificate is in a PEM file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="floor">Which certificates of hubs are void, where the program keeps it; then they have to be fresh, too.</param>
    /// <exception cref="CryptographicException">The file holds no certificate.</exception>
    public static HubTrust FromFile(string path, IHubFloor? floor = null) => new(X509Certificate2.CreateFromPem(File.ReadAllText(path)), TimeProvider.System, floor) { DemandsFresh = floor is not null };

    /// <summary>Takes over what a hub's certificate, which came over whatever way, makes void.</summary>
    /// <param name="certificate">DER.</param>
    /// <returns>Whether it is one of this chain's hubs.</returns>
    public bool Learn(ReadOnlySpan<byte> certificate)
    {
        try
        {
            using var told = X509CertificateLoader.LoadCertificate(certificate);
            return FindFault(told) is null;
        }
        catch (CryptographicException)
        {
            return false; // no certificate at all
        }
    }

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
            : FindVoid(presented, now);
    }

    // Only of a certificate that the authority signed: nobody else may raise the floor.
    private string? FindVoid(X509Certificate2 presented, DateTimeOffset now)
    {
        var (givenMs, voidBeforeMs) = CertificateNames.ReadGiven(presented);
        if (floor is not null && givenMs < floor.VoidBeforeMs)
        {
            return string.Create(CultureInfo.InvariantCulture, $"its certificate was given {DateTimeOffset.FromUnixTimeMilliseconds(givenMs):u}, and headquarters made all void that were given before {DateTimeOffset.FromUnixTimeMilliseconds(floor.VoidBeforeMs):u} (`synchub hub revoke-keys`). It is whoever has the stolen key, or a hub that has not heard of it: `synchub hub init` on that one's machine.");
        }

        var isOfBefore = presented.NotAfter - presented.NotBefore > LongestDaily; // hubs of before gave themselves one for 90 days
        if (DemandsFresh && !isOfBefore && new DateTimeOffset(presented.NotBefore) + CertificateNames.Backdated + Fresh < now)
        {
            return string.Create(CultureInfo.InvariantCulture, $"its certificate is of {presented.NotBefore.ToUniversalTime() + CertificateNames.Backdated:u}, and a hub gets a new one each day; this machine's clock says {now:u}. Set the clock; if it is right, this is not the hub, or the hub cannot write its folder.");
        }

        try
        {
            floor?.Raise(voidBeforeMs);
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return $"what it says of void certificates cannot be kept: {fault.Message}";
        }
    }
}
