using System.Security.Cryptography;
using System.Text;
using SyncHub.Hub.Certificates;
using SyncHub.Hub.Receipts;
using SyncHub.Hub.Users;
using SyncHub.Storage;

namespace SyncHub.Hub;

/// <summary>The secrets that every hub of a chain must have alike, because they lie in each hub's own folder and not in the journal.</summary>
/// <remarks>
/// A hub that made its own would refuse every store, every receipt and every PIN of the one before it. So the journal keeps a fingerprint of each; a hub that leads with others
/// does not start, and one that lacks them does not even stand by.
/// </remarks>
internal static class SharedSecrets
{
    private const string Documents = "meta";
    private static readonly string[] Fingerprinted = ["receipt.key", "pin.key"];

    /// <summary>The files that a hub which joins a chain takes over from another one's folder, as paths within it.</summary>
    public static IReadOnlyList<string> Files { get; } = ["hub.keys", .. Fingerprinted];

    /// <summary>The authority's file, taken over alike where there is one.</summary>
    public static string Authority { get; } = Path.Combine("certificates", "authority.key");

    /// <summary>A hub that stands by must have everything it needs to lead, now and not when it is needed.</summary>
    /// <exception cref="ArgumentException">A file is missing.</exception>
    public static void DemandPresent(HubOptions options)
    {
        var keys = HubSeal.PathOf(options.DataDirectory, options.KeyFile);
        foreach (var path in Fingerprinted.Select(file => Path.Combine(options.DataDirectory, file)).Prepend(keys).Where(path => !File.Exists(path)))
        {
            throw new ArgumentException($"Another hub leads, and this one cannot take its place: {path} is missing. Take the secrets over from the folder of the other one: synchub hub init --data {options.DataDirectory} --from FOLDER --name NAME.", nameof(options));
        }
    }

    /// <summary>Compares the secrets in the folder with those that this journal's hubs had, and remembers them where none had any.</summary>
    /// <exception cref="ArgumentException">One is another one, or is missing; the message names the way out.</exception>
    public static async Task CheckAsync(IJournal journal, HubOptions options, CertificateAuthority? certificates)
    {
        var known = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var name in Fingerprinted.Append("certificates"))
        {
            if (journal.ReadDocument(Documents, KeyOf(name)) is { } fingerprint)
            {
                known.Add(name, fingerprint);
                ThrowIfOther(name, fingerprint, FingerprintOf(name, options, certificates), options);
            }
        }

        // Those that no hub had yet are made now.
        _ = ReceiptKeys.Open(options.DataDirectory);
        _ = PinKeys.Open(options.DataDirectory);
        var batch = new JournalBatch();
        foreach (var name in Fingerprinted.Append("certificates").Where(name => !known.ContainsKey(name)))
        {
            if (FingerprintOf(name, options, certificates) is { } fingerprint)
            {
                batch.Documents.Add(new DocumentWrite(Documents, KeyOf(name), fingerprint));
            }
        }

        if (!batch.IsEmpty)
        {
            await journal.CommitAsync(batch).ConfigureAwait(false);
        }
    }

    private static byte[] KeyOf(string name) => Encoding.ASCII.GetBytes("secret:" + name);

    private static byte[]? FingerprintOf(string name, HubOptions options, CertificateAuthority? certificates)
    {
        var path = Path.Combine(options.DataDirectory, name);
        return name == "certificates" ? certificates is null ? null : Encoding.ASCII.GetBytes(certificates.Fingerprint)
            : File.Exists(path) ? SHA256.HashData([.. "synchub fingerprint "u8, .. File.ReadAllBytes(path)])
            : null;
    }

    private static void ThrowIfOther(string name, byte[] known, byte[]? found, HubOptions options)
    {
        if (found is null || !CryptographicOperations.FixedTimeEquals(known, found))
        {
            throw new ArgumentException($"{Path.Combine(options.DataDirectory, name)} {(found is null ? "is missing" : "is not that of this chain")}: the hubs of this journal had another one. Take it over from another hub's folder or from a copy. Where it is lost everywhere: DELETE FROM document WHERE collection = 'meta' AND key = 'secret:{name}', in the journal's schema; what it protected must be made anew.", nameof(options));
        }
    }
}
