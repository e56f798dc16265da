namespace SyncHub.Testing;

/// <summary>A copy of a simulated disk at one moment. Opening it twice gives two journals that share nothing.</summary>
/// <remarks>Immutable, so any thread may use it.</remarks>
public sealed class JournalImage
{
    internal JournalImage(SimulatedTables tables) => Tables = tables;

    internal SimulatedTables Tables { get; }

    /// <summary>The position of the newest record on the copied disk.</summary>
    public long LastPosition => Tables.LastPosition;
}
