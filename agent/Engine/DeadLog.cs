using SyncHub.Core.Primitives;

namespace SyncHub.Agent.Engine;

/// <summary>The log of an earlier life of this database. It stays in the file; the hub takes it in as facts.</summary>
/// <param name="Life">Which life.</param>
/// <param name="TipSequence">Its end.</param>
/// <param name="TipHash">The hash there.</param>
/// <param name="Acknowledged">All up to here is on the hub's disk.</param>
public sealed record DeadLog(Incarnation Life, long TipSequence, OpHash TipHash, long Acknowledged)
{
    /// <summary>Whether the hub may not have it in whole.</summary>
    public bool IsOpen => Acknowledged < TipSequence;
}
