using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SyncHub.Agent.Hosting;
using SyncHub.Protos.Trust;
using SyncHub.Storage.Files;

namespace SyncHub.Agent.Till;

/// <summary>What the agent shows to tills on the shop's network: a key that it made itself, with a certificate that nobody vouches for. Tills know it by the
/// fingerprint of the key, which <c>synchub agent pair</c> prints.</summary>
/// <remarks>One file beside the data folder, for its owner only. It is made where there is none; deleted, every till must be given the new fingerprint.</remarks>
public static class TillCertificate
{
    // Nobody checks the dates of a pinned key; some TLS libraries refuse a certificate that has ended all the same.
    private const int ValidYears = 30;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>Where it is.</summary>
    public static string PathFor(string dataDirectory) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(dataDirectory)) + ".lan";

    /// <summary>The certificate with its key.</summary>
    /// <exception cref="AgentStartException">It is damaged, cannot be written, or others can read it.</exception>
    public static X509Certificate2 OpenOrMake(string dataDirectory, DateTimeOffset now)
    {
        var path = PathFor(dataDirectory);
        try
        {
            if (PrivateFile.IsOpenToOthers(path))
            {
                throw new AgentStartException($"{path} can be read by others than its owner. If nobody has copied it: chmod 600 {path}. Else delete it, and pair the tills again.", AgentStartException.BadOptions);
            }

            if (!File.Exists(path))
            {
                Make(path, now);
            }

            var pem = File.ReadAllText(path);
            return X509Certificate2.CreateFromPem(pem, pem);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new AgentStartException($"{path}, the key for tills on the network, cannot be used: {fault.Message} Delete it, and pair the tills again.", AgentStartException.BadOptions, fault);
        }
    }

    private static void Make(string path, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=synchub-agent", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], critical: false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("synchub-agent");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(now - HubTrust.ClockTolerance, now.AddYears(ValidYears));
        PrivateFile.Write(path, System.Text.Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n"));
    }
}
