namespace SyncHub.Hub.Grains;

/// <summary>The sizes of one thread of control.</summary>
/// <param name="GrainBudget">How many grains stay active when idle.</param>
/// <param name="SnapshotEvery">Events between two snapshots of a member; bounds what an activation reads.</param>
/// <param name="LeastTail">Events after the newest snapshot from which on a grain that is let go leaves another: fewer are read faster than a snapshot is written.</param>
/// <param name="BatchMessages">Most messages in one batch.</param>
/// <param name="BatchesUnderWay">Batches on their way to the disk before it waits; 2 lets it decide one while one is being written.</param>
internal sealed record PartitionSettings(int GrainBudget, int SnapshotEvery = 16, int LeastTail = 4, int BatchMessages = 256, int BatchesUnderWay = 2)
{
    // A store's batch of 100 ops is divided among them: fewer make larger turns, more read more cold members side by side.
    private const int LeastLoops = 16;
    private const int LoopsPerProcessor = 8;

    /// <summary>How many threads of control run so many partitions.</summary>
    public static int LoopsFor(int partitions) => Math.Min(partitions, Math.Max(LeastLoops, LoopsPerProcessor * Environment.ProcessorCount));
}
