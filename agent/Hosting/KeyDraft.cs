using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SyncHub.Storage.Files;

namespace SyncHub.Agent.Hosting;

/// <summary>A new key of this machine that no certificate vouches for yet.</summary>
internal sealed class KeyDraft : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>What the hub is asked to certify: PKCS#10, DER. What the certificate will say of its owner the hub decides.</summary>
    public byte[] Request => new CertificateRequest("CN=SyncHub store", _key, HashAlgorithmName.SHA256).CreateSigningRequest();

    /// <summary>Writes the key with its certificate, readable for this user only, whole or not at all.</summary>
    /// <exception cref="CryptographicException">The certificate is not for this key.</exception>
    public void Write(string path, ReadOnlySpan<byte> certificate)
    {
        using var given = X509CertificateLoader.LoadCertificate(certificate);
        using var fits = given.CopyWithPrivateKey(_key);
        PrivateFile.Write(path, Encoding.ASCII.GetBytes(_key.ExportPkcs8PrivateKeyPem() + "\n" + given.ExportCertificatePem() + "\n"));
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
