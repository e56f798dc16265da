using SyncHub.Storage.Audit;
using SyncHub.Storage.Postgres.Audit;
using SyncHub.Storage.Sqlite.Audit;

namespace SyncHub.Verify;

/// <summary>Where a hub's journal lies: a folder with hub.db, or a PostgreSQL database.</summary>
internal static class HubSource
{
    /// <summary>What to call it in findings; never with a password.</summary>
    public static string NameOf(string hub) => IsDatabase(hub) ? JournalDatabaseReader.NameOf(hub) : Path.Combine(hub, "hub.db");

    /// <summary>Opens it read-only.</summary>
    /// <exception cref="Storage.JournalUnavailableException">It cannot be read.</exception>
    public static IJournalRows Open(string hub) => IsDatabase(hub) ? JournalDatabaseReader.Open(hub) : JournalFileReader.Open(NameOf(hub));

    // A folder of that name can still be given as ./Host=...
    private static bool IsDatabase(string hub) => hub.StartsWith("Host=", StringComparison.OrdinalIgnoreCase);
}
