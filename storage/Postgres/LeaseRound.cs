namespace SyncHub.Storage.Postgres;

/// <summary>What one round of <see cref="PartitionLeases"/> found.</summary>
/// <param name="Owners">Each partition that has an owner.</param>
/// <param name="Alive">The writers that share the journal, by name.</param>
/// <param name="Surplus">What this writer owns above its share, and who should have it: to be released once everything decided for it is durable.</param>
public sealed record LeaseRound(IReadOnlyDictionary<int, PartitionOwner> Owners, IReadOnlyList<LeaseHolder> Alive, IReadOnlyList<PartitionHandover> Surplus);

/// <summary>Who owns a partition; the epoch counts its changes of hand.</summary>
public readonly record struct PartitionOwner(string Writer, long Epoch);

/// <summary>A writer that lives, and where the others reach it.</summary>
public readonly record struct LeaseHolder(string Writer, string Address);

/// <summary>A partition that should move.</summary>
public readonly record struct PartitionHandover(int Partition, string To);
