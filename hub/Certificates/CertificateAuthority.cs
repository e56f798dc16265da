using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SyncHub.Core.Primitives;
using SyncHub.Protos.Trust;
using SyncHub.Storage.Files;

namespace SyncHub.Hub.Certificates;

/// <summary>The hub's own small certificate authority: vouches for the hub to its stores, and for the stores to the hub.</summary>
/// <remarks>
/// Its files lie in <c>certificates</c> in the hub's folder, beside the database and in no copy of it: <c>authority.key</c> and <c>hub.key</c> hold
/// a key and its certificate, so that one write replaces both; <c>authority.pem</c> is for everybody. Several hubs of one chain share the authority.
/// Thread-safe.
/// </remarks>
internal sealed class CertificateAuthority : IHubFloor
{
    /// <summary>How long after its end a store's certificate is still taken, so that a store that was away over the end can renew by itself.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromDays(7);

    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    // Short, because whoever stole a hub's key passes for it as long as that with those who have not heard that it is void; the hub itself has the authority at hand.
    private static readonly TimeSpan HubLife = TimeSpan.FromDays(3);
    private static readonly TimeSpan RenewHubAfter = TimeSpan.FromDays(1);
    private static readonly TimeSpan ClockSlack = TimeSpan.FromHours(1);
    private readonly Lock _gate = new();
    private readonly string _folder;
    private readonly X509Certificate2 _authority;
    private readonly TimeProvider _time;
    private readonly TimeSpan _storeLife;
    private volatile X509Certificate2 _hub;

    private CertificateAuthority(string folder, X509Certificate2 authority, X509Certificate2 hub, TimeProvider time, TimeSpan storeLife)
    {
        _folder = folder;
        _authority = authority;
        _hub = hub;
        _time = time;
        _storeLife = storeLife;
    }

    /// <summary>The hub's present certificate, with its key.</summary>
    public X509Certificate2 Hub => _hub;

    /// <summary>Whether the hub's certificate was renewed when the authority was opened.</summary>
    public bool IsHubRenewed { get; private set; }

    /// <summary>The authority's certificate, DER.</summary>
    public byte[] Certificate => _authority.RawData;

    /// <summary>What a code carries of it.</summary>
    public string Fingerprint => EnrolmentCode.FingerprintOf(_authority.RawDataMemory.Span);

    /// <inheritdoc/>
    /// <remarks>Kept in the hub's own certificate.</remarks>
    public long VoidBeforeMs => CertificateNames.ReadGiven(_hub).VoidBeforeMs;

    /// <summary>A time before which every certificate of a hub that there is was given, this hub's own too.</summary>
    public long NextVoidMs() => Math.Max(_time.GetUtcNow().ToUnixTimeMilliseconds(), CertificateNames.ReadGiven(_hub).GivenMs + 1);

    /// <inheritdoc/>
    /// <remarks>Gives this hub a new key and certificate where its own is void by it.</remarks>
    public void Raise(long voidBeforeMs)
    {
        lock (_gate)
        {
            if (voidBeforeMs > VoidBeforeMs)
            {
                _hub = IssueHub(_folder, _authority, CertificateForms.NamesIn(_hub), _time.GetUtcNow(), voidBeforeMs);
            }
        }
    }

    /// <summary>Where a hub's certificates lie.</summary>
    public static string FolderOf(string dataDirectory) => Path.Combine(dataDirectory, "certificates");

    /// <summary>Makes the authority where there is none, and a certificate of the hub for these names.</summary>
    /// <returns>Whether the authority is new.</returns>
    public static bool Init(string dataDirectory, IReadOnlyList<string> names, DateTimeOffset now)
    {
        var folder = FolderOf(dataDirectory);
        PrivateFile.CreateFolder(dataDirectory);
        PrivateFile.CreateFolder(folder);
        var isNew = !File.Exists(Path.Combine(folder, "authority.key"));
        if (isNew)
        {
            using var key = CertificateForms.NewKey();
            using var made = CertificateForms.Authority(key, now);
            Write(folder, "authority", key, made);
        }

        using var authority = Load(folder, "authority");
        File.WriteAllText(HubSetup.AuthorityFile(dataDirectory), authority.ExportCertificatePem());
        IssueHub(folder, authority, names, now, VoidIn(folder)).Dispose();
        return isNew;
    }

    /// <summary>Reads the authority of a hub's folder.</summary>
    /// <exception cref="ArgumentException">There is none, it is damaged, or others can read a key.</exception>
    public static CertificateAuthority Open(string dataDirectory, TimeProvider time, TimeSpan storeLife)
    {
        var folder = FolderOf(dataDirectory);
        if (!File.Exists(Path.Combine(folder, "authority.key")))
        {
            throw new ArgumentException($"{folder} holds no certificate authority. Make it once: synchub hub init --data {dataDirectory} --name NAME. Where this is a second or a restored hub, copy the folder from the first one.", nameof(dataDirectory));
        }

        try
        {
            var authority = new CertificateAuthority(folder, Load(folder, "authority"), Load(folder, "hub"), time, storeLife);
            authority.IsHubRenewed = authority.RenewHubIfDue();
            return authority;
        }
        catch (Exception fault) when (fault is CryptographicException or IOException)
        {
            throw new ArgumentException($"The certificates in {folder} cannot be used: {fault.Message} Put the right files back; where only hub.key is damaged, `synchub hub init --name NAME` makes a new one.", nameof(dataDirectory), fault);
        }
    }

    /// <summary>Gives the hub a new key and certificate for the same names when the present one is a day old, or of a time that has not come: the clock was wrong.</summary>
    /// <returns>Whether it did.</returns>
    public bool RenewHubIfDue()
    {
        lock (_gate)
        {
            var now = _time.GetUtcNow();
            var given = new DateTimeOffset(_hub.NotBefore) + CertificateNames.Backdated;
            if (now < given + RenewHubAfter && now > given - ClockSlack && now < new DateTimeOffset(_hub.NotAfter))
            {
                return false;
            }

            _hub = IssueHub(_folder, _authority, CertificateForms.NamesIn(_hub), now, VoidBeforeMs); // the old one is still in use by handshakes under way
            return true;
        }
    }

    /// <summary>Until when a store's certificate that is given now is valid.</summary>
    public DateTimeOffset StoreValidUntil() => _time.GetUtcNow() + _storeLife;

    /// <summary>A certificate for a store's machine, DER.</summary>
    public byte[] IssueStore(PublicKey key, Holder holder, int term)
    {
        using var certificate = CertificateForms.Store(_authority, key, holder, term, _time.GetUtcNow(), _storeLife);
        return certificate.RawData;
    }

    /// <summary>Whether a presented certificate is one that this authority gave a store, and in time.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    public string? FindFault(X509Certificate2 presented)
    {
        if (!IsOurs(presented, ClientAuthentication, presented.NotAfter.AddMinutes(-1))) // within its time: whose certificate it is comes first, then when
        {
            return "The certificate is not of this hub's authority.";
        }

        var now = _time.GetUtcNow();
        return now > new DateTimeOffset(presented.NotAfter) + Grace ? "The certificate has expired. Ask HQ for a code (`synchub store renew`), then `synchub agent renew`; the store's log goes on."
            : now < new DateTimeOffset(presented.NotBefore) - HubTrust.ClockTolerance ? "The certificate is not valid yet: the hub's clock is wrong."
            : null;
    }

    /// <summary>Whether a presented certificate is one that this authority gave a hub of the chain, in time, and not void. What it makes void is taken over.</summary>
    public bool IsHub(X509Certificate2 presented)
    {
        if (!IsOurs(presented, ServerAuthentication, _time.GetUtcNow().UtcDateTime) || !CertificateNames.IsHub(presented))
        {
            return false;
        }

        var (givenMs, voidBeforeMs) = CertificateNames.ReadGiven(presented);
        Raise(voidBeforeMs);
        return givenMs >= VoidBeforeMs;
    }

    private bool IsOurs(X509Certificate2 presented, string purpose, DateTime at)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // the hub itself knows what it revoked
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(purpose));
        chain.ChainPolicy.VerificationTime = at;
        return chain.Build(presented);
    }

    // Given in a time that is not before what is void, whatever the clock says.
    private static X509Certificate2 IssueHub(string folder, X509Certificate2 authority, IEnumerable<string> names, DateTimeOffset now, long voidBeforeMs)
    {
        using var key = CertificateForms.NewKey();
        using var certificate = CertificateForms.Hub(authority, new PublicKey(key), CertificateForms.NamesOfHub(names, Math.Max(now.ToUnixTimeMilliseconds(), voidBeforeMs), voidBeforeMs), now, HubLife);
        Write(folder, "hub", key, certificate);
        return certificate.CopyWithPrivateKey(key);
    }

    private static void Write(string folder, string name, ECDsa key, X509Certificate2 certificate) =>
        PrivateFile.Write(Path.Combine(folder, name + ".key"), Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n" + certificate.ExportCertificatePem() + "\n"));

    // What the certificate that is there makes void; a damaged one is what init mends, and the journal of the hub knows it too.
    private static long VoidIn(string folder)
    {
        try
        {
            using var hub = Load(folder, "hub");
            return CertificateNames.ReadGiven(hub).VoidBeforeMs;
        }
        catch (Exception fault) when (fault is CryptographicException or IOException or ArgumentException)
        {
            return 0;
        }
    }

    private static X509Certificate2 Load(string folder, string name)
    {
        var path = Path.Combine(folder, name + ".key");
        SecretFile.DemandPrivate(path);
        var pem = File.ReadAllText(path);
        return X509Certificate2.CreateFromPem(pem, pem);
    }
}
