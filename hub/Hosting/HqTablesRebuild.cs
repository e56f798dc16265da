using SyncHub.Storage.Hq;
using SyncHub.Storage.Postgres.Hq;
using SyncHub.Storage.Sqlite.Hq;

namespace SyncHub.Hub;

/// <summary>Empties the tables of HQ, whether a hub runs or not: the one that leads finds its position moved and begins anew.</summary>
public static class HqTablesRebuild
{
    /// <summary>Empties them.</summary>
    /// <param name="dataDirectory">The hub's folder.</param>
    /// <param name="storage">The connection string; empty: the journal is a file in the folder.</param>
    /// <exception cref="Storage.JournalUnavailableException">They cannot be written.</exception>
    /// <exception cref="IOException">There are none.</exception>
    public static Task RunAsync(string dataDirectory, string storage) => Task.Run(() =>
    {
        if (storage.Length == 0 && !File.Exists(HubJournal.HqFile(dataDirectory)))
        {
            throw new IOException($"There is no {HubJournal.HqFile(dataDirectory)}: a hub that keeps the tables makes it when it starts.");
        }

        using IHqTables tables = storage.Length > 0 ? PostgresHqTables.Open(storage) : SqliteHqTables.Open(HubJournal.HqFile(dataDirectory));
        tables.Clear();
    });
}
