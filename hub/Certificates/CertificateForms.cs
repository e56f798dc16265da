using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Trust;

namespace SyncHub.Hub.Certificates;

/// <summary>The three certificates of a chain: the authority's own, the hub's, and a store's. All keys are ECDSA P-256.</summary>
internal static class CertificateForms
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string AlternativeNames = "2.5.29.17";
    private const int SerialBytes = 16;
    private static readonly TimeSpan AuthorityLife = TimeSpan.FromDays(20 * 365);

    /// <summary>A new key.</summary>
    public static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>The authority: it signs certificates and nothing else.</summary>
    public static X509Certificate2 Authority(ECDsa key, DateTimeOffset now)
    {
        var request = new CertificateRequest("CN=SyncHub authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(now - CertificateNames.Backdated, now + AuthorityLife);
    }

    /// <summary>The names for <see cref="Hub"/>: those given, what the machine itself is always reached by, and when the certificate was given.</summary>
    /// <param name="names">Names and addresses.</param>
    /// <param name="givenMs">When it is given; 0 leaves that out, as hubs of before did.</param>
    /// <param name="voidBeforeMs">All that were given before are void.</param>
    public static X509Extension NamesOfHub(IEnumerable<string> names, long givenMs = 0, long voidBeforeMs = 0)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var name in names.Concat(["localhost", "127.0.0.1", "::1"]).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(name, out var address))
            {
                builder.AddIpAddress(address);
            }
            else
            {
                builder.AddDnsName(name);
            }
        }

        builder.AddUri(new Uri(CertificateNames.Hub));
        if (givenMs > 0)
        {
            builder.AddUri(new Uri(CertificateNames.OfGiven(givenMs, voidBeforeMs)));
        }

        return builder.Build();
    }

    /// <summary>The names and addresses of a hub's certificate, for the next one.</summary>
    public static IReadOnlyList<string> NamesIn(X509Certificate2 hub)
    {
        var names = new X509SubjectAlternativeNameExtension(hub.Extensions.First(extension => extension.Oid?.Value == AlternativeNames).RawData);
        return [.. names.EnumerateDnsNames(), .. names.EnumerateIPAddresses().Select(address => address.ToString())];
    }

    /// <summary>The hub's certificate, without its key.</summary>
    public static X509Certificate2 Hub(X509Certificate2 authority, PublicKey key, X509Extension names, DateTimeOffset now, TimeSpan life) =>
        Issue(authority, "CN=SyncHub hub", key, names, ServerAuthentication, now, life);

    /// <summary>A store's certificate.</summary>
    public static X509Certificate2 Store(X509Certificate2 authority, PublicKey key, Holder holder, int term, DateTimeOffset now, TimeSpan life)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(CertificateNames.OfStore(holder, term)));
        return Issue(authority, $"CN=SyncHub store {holder.Store}", key, names.Build(), ClientAuthentication, now, life);
    }

    /// <summary>The key of a request, whose sender has proved to have it.</summary>
    /// <exception cref="CryptographicException">No request, not signed with its own key, or another kind of key.</exception>
    public static PublicKey ReadRequest(byte[] request)
    {
        var read = CertificateRequest.LoadSigningRequest(request, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.Default, signerSignaturePadding: null);
        using var key = read.PublicKey.GetECDsaPublicKey();
        return key is not null && key.ExportParameters(includePrivateParameters: false).Curve is { IsNamed: true } curve && curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value
            ? read.PublicKey
            : throw new CryptographicException("The key must be ECDSA P-256.");
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string subject, PublicKey key, X509Extension names, string purpose, DateTimeOffset now, TimeSpan life)
    {
        var request = new CertificateRequest(new X500DistinguishedName(subject), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(key, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        request.CertificateExtensions.Add(names);
        var (until, latest) = (now + life, new DateTimeOffset(authority.NotAfter));
        return request.Create(authority, now - CertificateNames.Backdated, until < latest ? until : latest, RandomNumberGenerator.GetBytes(SerialBytes));
    }
}
