using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SyncHub.Agent.Sync;
using SyncHub.Core.Protocol;
using SyncHub.Protos.Trust;
using SyncHub.Storage.Files;

namespace SyncHub.Agent.Hosting;

/// <summary>The key by which this machine is the store, with the certificate that the hub gave it: one file beside the guard, so that one write replaces both.</summary>
/// <remarks>
/// It belongs to this machine and to no backup: whoever has it is the store to the hub, until the store is given another key. A machine makes it
/// itself and never sends it. Immutable; one thread at a time may sign.
/// </remarks>
public sealed class MachineKey : ILogSigner, IDisposable
{
    private const int RenewAfterThirds = 1;
    private readonly ECDsa _key;

    private MachineKey(X509Certificate2 certificate)
    {
        Certificate = certificate;
        _key = certificate.GetECDsaPrivateKey() ?? throw new CryptographicException("The key is not ECDSA.");
    }

    /// <summary>The certificate with its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>From when on the certificate should be renewed: a third of its time has passed.</summary>
    public DateTimeOffset RenewFrom
    {
        get
        {
            var (given, until) = (new DateTimeOffset(Certificate.NotBefore) + CertificateNames.Backdated, new DateTimeOffset(Certificate.NotAfter));
            return given + ((until - given) * RenewAfterThirds / 3);
        }
    }

    /// <summary>Where the key of a data folder is: beside it, as the guard is.</summary>
    public static string PathFor(string dataDirectory) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(dataDirectory)) + ".machine";

    /// <summary>Reads the key.</summary>
    /// <exception cref="AgentStartException">There is none, it is damaged, or others can read it.</exception>
    public static MachineKey Read(string path)
    {
        try
        {
            if (PrivateFile.IsOpenToOthers(path))
            {
                throw new AgentStartException($"{path} can be read by others than its owner. If nobody has copied it: chmod 600 {path}. Else ask headquarters for a new key: `synchub store renew`.", AgentStartException.BadOptions);
            }

            var pem = File.ReadAllText(path);
            return new MachineKey(X509Certificate2.CreateFromPem(pem, pem));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new AgentStartException($"{path}, the key of this machine, cannot be used: {fault.Message} Put it back, or ask headquarters for a code (`synchub store renew`) and run `synchub agent renew`.", AgentStartException.BadOptions, fault);
        }
    }

    /// <inheritdoc/>
    public byte[] Sign(LogHead head) => _key.SignData(head.ToSignedBytes(), HashAlgorithmName.SHA256);

    /// <inheritdoc/>
    public void Dispose()
    {
        _key.Dispose();
        Certificate.Dispose();
    }
}
