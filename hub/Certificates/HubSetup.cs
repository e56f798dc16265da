using SyncHub.Protos.Trust;
using SyncHub.Storage.Files;

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

    /// <summary>Takes over, from the folder of another hub of the chain or a copy of it, the secrets that all hubs of one journal must have alike.</summary>
    /// <param name="dataDirectory">This hub's folder; made where there is none. What it has already is left as it is, and must be the same.</param>
    /// <param name="from">The other one's.</param>
    /// <exception cref="ArgumentException">A secret is missing there, or another one is here.</exception>
    public static void TakeOver(string dataDirectory, string from)
    {
        PrivateFile.CreateFolder(dataDirectory);
        // A hub that runs without certificates, on one machine, has no authority.
        string[] secrets = [.. SharedSecrets.Files, .. Directory.Exists(CertificateAuthority.FolderOf(from)) ? [SharedSecrets.Authority] : Array.Empty<string>()];
        TakeOver(dataDirectory, from, secrets);
    }

    /// <summary>Takes over the chain's authority alone, for the first hub of another cell: by it the cells' hubs know each other, and a store knows all of them. Keys of databases, receipts and PINs are each cell's own.</summary>
    /// <param name="dataDirectory">This hub's folder; made where there is none.</param>
    /// <param name="from">The folder of a hub of the first cell, or a copy of it.</param>
    /// <exception cref="ArgumentException">There is no authority there, or another one is here.</exception>
    public static void ShareAuthority(string dataDirectory, string from)
    {
        PrivateFile.CreateFolder(dataDirectory);
        TakeOver(dataDirectory, from, [SharedSecrets.Authority]);
    }

    private static void TakeOver(string dataDirectory, string from, IReadOnlyList<string> secrets)
    {
        PrivateFile.CreateFolder(CertificateAuthority.FolderOf(dataDirectory));
        if (secrets.FirstOrDefault(name => !File.Exists(Path.Combine(from, name))) is { } missing)
        {
            throw new ArgumentException($"--from: {Path.Combine(from, missing)} is not there. The first hub makes it when it starts; start that one once.", nameof(from));
        }

        foreach (var name in secrets)
        {
            var (here, secret) = (Path.Combine(dataDirectory, name), File.ReadAllBytes(Path.Combine(from, name)));
            if (File.Exists(here) && !File.ReadAllBytes(here).AsSpan().SequenceEqual(secret))
            {
                throw new ArgumentException($"--from: {here} is there and is another one. If this folder never was a hub's of another chain, delete it and try again.", nameof(dataDirectory));
            }

            PrivateFile.Write(here, secret);
        }
    }

    /// <summary>Renews the hub's certificate where it is due, as a hub that runs does by itself.</summary>
    /// <returns>Whether it was.</returns>
    public static bool RenewIfDue(string dataDirectory, TimeProvider time) => CertificateAuthority.Open(dataDirectory, time, TimeSpan.FromDays(1)).IsHubRenewed;

    /// <summary>The authority's certificate, which everybody may have: programs of HQ trust the hub by it.</summary>
    public static string AuthorityFile(string dataDirectory) => Path.Combine(CertificateAuthority.FolderOf(dataDirectory), "authority.pem");
}
