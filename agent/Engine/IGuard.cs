using SyncHub.Core.Identity;
using SyncHub.Core.Primitives;

namespace SyncHub.Agent.Engine;

/// <summary>What the machine knows of its database, kept outside of it and of its backups: a database that is behind it has forgotten something.</summary>
/// <param name="Incarnation">The life of the database.</param>
/// <param name="TipSequence">The end of its log. It may lag, it never leads.</param>
/// <param name="TipHash">The hash there.</param>
public sealed record GuardRecord(Incarnation Incarnation, long TipSequence, OpHash TipHash);

/// <summary>Where the guard is kept.</summary>
/// <remarks>Called by the engine's thread of control. Losing the newest writes costs nothing but a weaker guard.</remarks>
public interface IGuard
{
    /// <summary>The machine.</summary>
    LifeKey Device { get; }

    /// <summary>The guard; null where there is none, or none that can be read.</summary>
    GuardRecord? Read();

    /// <summary>Writes it, after the commit that it is about.</summary>
    void Write(GuardRecord record);

    /// <summary>The store's key for PINs, which must not lie in the database that it protects; empty where there is none.</summary>
    ReadOnlyMemory<byte> Pepper => default;

    /// <summary>Keeps the store's key for PINs.</summary>
    void KeepPepper(ReadOnlySpan<byte> pepper)
    {
    }
}
