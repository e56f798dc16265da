namespace SyncHub.Storage.Hq;

/// <summary>The tables that HQ may query: rows that follow the journal's records, beside it and never in the way of its commits.</summary>
/// <remarks>
/// Thread rule: one call at a time. Crash rule: a page and the position that it leads to are one transaction. They need not survive a power cut: what is missing is
/// projected again. Fence: the position that a page starts from; of two hubs that both believe they lead, one finds it moved.
/// </remarks>
public interface IHqTables : IDisposable
{
    /// <summary>The position up to which every record is in the tables.</summary>
    /// <exception cref="JournalUnavailableException">The tables cannot be read.</exception>
    long ReadPosition();

    /// <summary>Writes a page.</summary>
    /// <returns>False, and nothing was written, where the tables are not at <see cref="HqPage.From"/>: somebody else writes them, or empties them.</returns>
    /// <exception cref="JournalUnavailableException">The tables cannot be written.</exception>
    bool TryWrite(HqPage page);

    /// <summary>Empties the tables, so that they are made anew from the first record on.</summary>
    /// <exception cref="JournalUnavailableException">The tables cannot be written.</exception>
    void Clear();
}
