using SyncHub.Storage.Audit;
using SyncHub.Storage.Postgres.Audit;
using SyncHub.Storage.Sealing;
using SyncHub.Storage.Sqlite.Audit;

namespace SyncHub.Verify;

/// <summary>Where a hub's journal lies: hub.db in its folder, or a PostgreSQL database whose keys lie there.</summary>
internal static class HubSource
{
    /// <summary>What to call it in findings; never with a password.</summary>
    public static string NameOf(string folder, string storage) => storage.Length > 0 ? JournalDatabaseReader.NameOf(storage) : FileOf(folder);

    /// <summary>Opens it read-only.</summary>
    /// <exception cref="Storage.JournalUnavailableException">It cannot be read.</exception>
    public static IJournalRows Open(string folder, string storage, string parts) =>
        storage.Length > 0 ? JournalDatabaseReader.OpenWithParts(storage, "", parts, [.. KeyRing.UsualPaths(FileOf(folder))]) : JournalFileReader.Open(FileOf(folder));

    /// <summary>The tables of HQ: in the same view of the same database, or in a file beside the journal's. Null where there are none.</summary>
    /// <exception cref="Storage.JournalUnavailableException">They cannot be read.</exception>
    public static IHqRows? OpenHq(string folder, IJournalRows journal)
    {
        var file = Path.Combine(folder, "hub.hq.db");
        return journal as IHqRows ?? (File.Exists(file) ? HqFileReader.Open(file) : null);
    }

    private static string FileOf(string folder) => Path.Combine(folder, "hub.db");
}
