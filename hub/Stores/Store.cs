using SyncHub.Core.Identity;
using SyncHub.Core.Primitives;

namespace SyncHub.Hub.Stores;

/// <summary>A shop as the hub knows it. Unchangeable; the registry replaces it.</summary>
internal sealed record Store(StoreId Id, string Name)
{
    /// <summary>The lives of its database.</summary>
    public StoreLives Lives { get; init; } = new();

    /// <summary>Whether the hub was restored and has not heard this store out yet.</summary>
    public bool IsReconciling { get; init; }

    /// <summary>Counts changes.</summary>
    public long Version { get; init; }

    /// <summary>The newest life; it may be dead. Default before the first enrolment.</summary>
    public Incarnation Incarnation => Lives.Current;

    /// <summary>The keys of its machines, oldest first; none at a hub without certificates.</summary>
    public IReadOnlyList<StoreKey> Keys { get; init; } = [];

    /// <summary>SHA-256 of the one-time code; empty when there is none.</summary>
    public ReadOnlyMemory<byte> CodeHash { get; init; }

    /// <summary>Whether the code is for a new key of the present machine, whose life goes on.</summary>
    public bool CodeRenews { get; init; }

    /// <summary>Until when the code may be used, Unix milliseconds.</summary>
    public long CodeValidUntilMs { get; init; }

    /// <summary>Whose rights these are.</summary>
    public Holder Holder => new(Id, Incarnation);

    /// <summary>Whether an agent has this store's identity.</summary>
    public bool IsEnrolled => Incarnation.Value > 0;
}
