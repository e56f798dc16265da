namespace SyncHub.Storage.Audit;

/// <summary>The rows of a journal as they are, for an audit that must not trust the program that wrote them.</summary>
/// <remarks>Everything read is one view, as of when it was opened. Thread rule: one thread at a time, and one enumeration after the other.</remarks>
public interface IJournalRows : IDisposable
{
    /// <summary>All records in position order.</summary>
    IEnumerable<RecordRow> Records();

    /// <summary>All facts, by producer and sequence.</summary>
    IEnumerable<StoredFact> Facts();

    /// <summary>All snapshots.</summary>
    IEnumerable<SnapshotRow> Snapshots();

    /// <summary>All cursors, by name and producer.</summary>
    IEnumerable<CursorRow> Cursors();

    /// <summary>The documents of <paramref name="collection"/>, or of all where it is null, in key order.</summary>
    IEnumerable<DocumentRow> Documents(string? collection = null);

    /// <summary>All balances, each partition's share by itself.</summary>
    IEnumerable<BalanceRow> Balances();

    /// <summary>What is wrong with the journal's structure, one line each; the single line "ok" where nothing is. Reads the whole journal.</summary>
    IReadOnlyList<string> IntegrityCheck();
}
