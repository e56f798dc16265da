using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using SyncHub.Core.Protocol;
using SyncHub.Protos.Trust;
using SyncHub.V1;

namespace SyncHub.Hub.Tests;

/// <summary>A store's machine as its hub knows it: a key, and the certificate that it was given.</summary>
internal sealed class Machine
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public X509Certificate2? Certificate { get; private set; }

    public ByteString Request => ByteString.CopyFrom(new CertificateRequest("CN=me", _key, HashAlgorithmName.SHA256).CreateSigningRequest());

    public async Task<EnrolResponse> EnrolAsync(HubFixture hub, string code, bool renews = false)
    {
        var answer = await new Enrolment.EnrolmentClient(hub.Channel).EnrolAsync(new EnrolRequest { Code = EnrolmentCode.TryParse(code)!.Secret, CertificateRequest = Request, Renews = renews, Cell = hub.Cell.Number, Cells = hub.Cell.Count });
        Take(answer.Certificate);
        return answer;
    }

    public void Take(ByteString certificate) => Certificate = X509CertificateLoader.LoadCertificate(certificate.Span).CopyWithPrivateKey(_key);

    /// <summary>A certificate by an authority of its own making, with these names.</summary>
    public void Forge(Uri name)
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=SyncHub authority", authorityKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        using var self = authority.CreateSelfSigned(now.AddDays(-2), now.AddDays(2));
        var request = new CertificateRequest("CN=SyncHub store 1", _key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(name);
        request.CertificateExtensions.Add(names.Build());
        Certificate = request.Create(self, now.AddDays(-1), now.AddDays(1), [1, 2, 3]).CopyWithPrivateKey(_key);
    }

    public ByteString Sign(LogHead head) => ByteString.CopyFrom(_key.SignData(head.ToSignedBytes(), HashAlgorithmName.SHA256));
}
