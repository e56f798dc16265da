using SyncHub.Storage.Schema;

namespace SyncHub.Storage.Sqlite;

/// <summary>How much memory and disk a <see cref="SqliteJournal"/> may take. The defaults suit a store's machine.</summary>
public sealed record SqliteJournalOptions
{
    /// <summary>Page cache of the writing connection, in KiB.</summary>
    public int WriterCacheKib { get; init; } = 8 * 1024;

    /// <summary>Page cache of each reading connection, in KiB.</summary>
    public int ReaderCacheKib { get; init; } = 2 * 1024;

    /// <summary>
    /// Whether single documents are read by the writing connection where it has nothing to do. Its pages are still good after a commit, and a reader's are not: for one who
    /// reads and writes in turn, as a store does. Where many read at once, a commit would wait for their reads.
    /// </summary>
    public bool ReadsWhereItWrites { get; init; }

    /// <summary>How many reads may run at the same time; each has a connection of its own, opened when first needed.</summary>
    public int Readers { get; init; } = 4;

    /// <summary>After how many written pages (of 4 KiB) the write-ahead log is folded into the file. More: fewer writes, longer recovery.</summary>
    public int CheckpointPages { get; init; } = 2000;

    /// <summary>Upper bound of the file in pages of 4 KiB; beyond it commits fail with <see cref="JournalFault.DiskFull"/>. Null: the disk is the bound.</summary>
    public long? MaxPages { get; init; }

    /// <summary>How long to wait, in milliseconds, for another program (a backup, a SQL shell) that holds the file.</summary>
    public int BusyTimeoutMs { get; init; } = 5000;

    /// <summary>
    /// Told once when the journal closes itself, and of trouble that no caller awaits, such as a checkpoint that failed and will be tried
    /// again. Called on the writer thread: it must neither block nor throw.
    /// </summary>
    public Action<JournalUnavailableException>? OnTrouble { get; init; }

    /// <summary>The schema to bring the file to; tests pass their own.</summary>
    internal IReadOnlyList<Migration> Migrations { get; init; } = Migration.Sqlite;
}
