using SyncHub.Storage;

namespace SyncHub.Testing;

/// <summary>A copy of a simulated disk at one moment. Opening it twice gives two journals that share nothing.</summary>
/// <remarks>Immutable, so any thread may use it.</remarks>
public sealed class JournalImage
{
    internal JournalImage(SimulatedTables tables) => Tables = tables;

    internal SimulatedTables Tables { get; }

    /// <summary>Everything on the disk as one batch: committed to an empty journal of any kind it gives the same disk.</summary>
    public JournalBatch ToBatch() => Tables.ToBatch();

    /// <summary>The position of the newest record on the copied disk.</summary>
    public long LastPosition => Tables.LastPosition;
}
