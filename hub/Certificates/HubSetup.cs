using SyncHub.Protos.Trust;

namespace SyncHub.Hub.Certificates;

/// <summary>What must be there before a hub can run: its certificate authority.</summary>
public static class HubSetup
{
    /// <summary>Makes the authority of a hub's folder, or, where there is one, a new certificate of the hub for these names.</summary>
    /// <param name="dataDirectory">The hub's folder; made where there is none.</param>
    /// <param name="names">Names and addresses by which stores and HQ reach the hub; those of loopback are added.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether the authority is new, and its fingerprint.</returns>
    public static (bool IsNew, string Fingerprint) Init(string dataDirectory, IReadOnlyList<string> names, DateTimeOffset now)
    {
        var isNew = CertificateAuthority.Init(dataDirectory, names, now);
        return (isNew, CertificateAuthority.Open(dataDirectory, TimeProvider.System, TimeSpan.FromDays(1)).Fingerprint);
    }

    /// <summary>Renews the hub's certificate where it is due, as a hub that runs does by itself.</summary>
    /// <returns>Whether it was.</returns>
    public static bool RenewIfDue(string dataDirectory, TimeProvider time) => CertificateAuthority.Open(dataDirectory, time, TimeSpan.FromDays(1)).IsHubRenewed;

    /// <summary>The authority's certificate, which everybody may have: programs of HQ trust the hub by it.</summary>
    public static string AuthorityFile(string dataDirectory) => Path.Combine(CertificateAuthority.FolderOf(dataDirectory), "authority.pem");
}
