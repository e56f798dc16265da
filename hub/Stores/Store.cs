using SyncHub.Core.Primitives;

namespace SyncHub.Hub.Stores;

/// <summary>A shop as the hub knows it. Unchangeable; the registry replaces it.</summary>
internal sealed record Store(StoreId Id, string Name)
{
    /// <summary>The living incarnation; default before the first enrolment.</summary>
    public Incarnation Incarnation { get; init; }

    /// <summary>SHA-256 of the agent's secret; empty before the first enrolment.</summary>
    public ReadOnlyMemory<byte> SecretHash { get; init; }

    /// <summary>SHA-256 of the one-time code; empty when there is none.</summary>
    public ReadOnlyMemory<byte> CodeHash { get; init; }

    /// <summary>Until when the code may be used, Unix milliseconds.</summary>
    public long CodeValidUntilMs { get; init; }

    /// <summary>The newest continuity token that was given.</summary>
    public long Token { get; init; }

    /// <summary>Whose rights these are.</summary>
    public Holder Holder => new(Id, Incarnation);

    /// <summary>Whether an agent has this store's identity.</summary>
    public bool IsEnrolled => !SecretHash.IsEmpty;
}
