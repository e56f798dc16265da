using System.Globalization;
using SyncHub.Hub.Stores;
using SyncHub.Storage.Files;
using SyncHub.Storage.Postgres;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite;

namespace SyncHub.Hub;

/// <summary>What a restore did.</summary>
/// <param name="Term">The hub's new term.</param>
/// <param name="Stores">How many stores have to report before rights are granted again.</param>
/// <param name="Aside">Where the database lies that was there before; empty where there was none.</param>
public sealed record HubRestored(int Term, int Stores, string Aside);

/// <summary>Copies of a hub's database, and the way back from one (protocol.md 1.17).</summary>
/// <remarks>The new term begins in the copy before it gets the database's name: a restored hub that went on in its old term would grant what stores hold already.</remarks>
public static class HubBackup
{
    private const string Database = "hub.db";

    /// <summary>Copies the database of a hub that runs or not to a new file.</summary>
    /// <exception cref="Storage.JournalUnavailableException">The database cannot be read, or the copy not be written.</exception>
    /// <exception cref="IOException">There is no hub, or a file of that name exists.</exception>
    public static void Make(string dataDirectory, string copy) => JournalCopy.Make(Path.Combine(dataDirectory, Database), copy);

    /// <summary>Begins a new term in a PostgreSQL database that was brought back with the database's own tools.</summary>
    /// <param name="storage">The connection string.</param>
    /// <param name="dataDirectory">The hub's folder, with the keys that the database was sealed with.</param>
    /// <param name="now">The time of the restore; the new term's number is taken from it.</param>
    /// <param name="partsFolder">The parts that had left the database then; empty where none had.</param>
    /// <param name="keyFile">The keys; empty: <c>hub.keys</c> in the hub's folder.</param>
    /// <exception cref="Storage.JournalUnavailableException">A hub runs on it, it cannot be reached, or the keys are not there.</exception>
    public static async Task<HubRestored> BeginTermAsync(string storage, string dataDirectory, DateTimeOffset now, string partsFolder = "", string keyFile = "")
    {
        var ring = KeyRing.Open(HubSeal.PathOf(dataDirectory, keyFile));
        var journal = await PostgresJournal.OpenAsync(storage, new PostgresJournalOptions { PartsFolder = partsFolder }).ConfigureAwait(false);
        await using (journal.ConfigureAwait(false))
        {
            var (term, stores) = await StoreRegistry.BeginTermAsync(HubSeal.Reopen(journal, ring), now, HubGuard.Read(dataDirectory).Term).ConfigureAwait(false);
            HubGuard.Raise(dataDirectory, term, journal.LastPosition);
            return new HubRestored(term, stores, "");
        }
    }

    /// <summary>Puts a copy in the place of the database of a hub that does not run.</summary>
    /// <param name="dataDirectory">The hub's folder; made where there is none.</param>
    /// <param name="copy">The copy.</param>
    /// <param name="now">The time of the restore; the new term's number is taken from it.</param>
    /// <exception cref="Storage.JournalUnavailableException">The hub runs, or the copy is no good database; nothing was changed.</exception>
    /// <param name="keyFile">The keys that the copy was sealed with; empty: <c>hub.keys</c> in the hub's folder.</param>
    public static async Task<HubRestored> RestoreAsync(string dataDirectory, string copy, DateTimeOffset now, string keyFile = "")
    {
        PrivateFile.CreateFolder(dataDirectory);
        var ring = KeyRing.Open(HubSeal.PathOf(dataDirectory, keyFile));
        var path = Path.Combine(dataDirectory, Database);
        var aside = path + ".replaced-" + now.UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture);
        var (term, stores) = (0, 0);
        await JournalCopy.PutInPlaceAsync(path, copy, aside, async journal => (term, stores) = await StoreRegistry.BeginTermAsync(HubSeal.Reopen(journal, ring), now, HubGuard.Read(dataDirectory).Term).ConfigureAwait(false)).ConfigureAwait(false);
        foreach (var follower in (string[])["", "-wal", "-shm"])
        {
            File.Delete(HubJournal.HqFile(dataDirectory) + follower); // it follows another life of the journal; it is made anew
        }

        HubGuard.Raise(dataDirectory, term, position: 0);
        return new HubRestored(term, stores, File.Exists(aside) ? aside : "");
    }
}
