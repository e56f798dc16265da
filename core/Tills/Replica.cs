using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Rights;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Tills;

/// <summary>How much of one bucket one store may spend; store 0 is what lies free at the hub.</summary>
public readonly record struct Holding(Bucket Bucket, StoreId Store, long AmountMinor);

/// <summary>A member as the hub last described it to a store: whole, at one version, as of a time.</summary>
public sealed record Replica
{
    /// <summary>The member's version at the hub; a lower one never replaces a higher one.</summary>
    public required long Version { get; init; }

    /// <summary>The term of the hub that said so: versions are compared within one.</summary>
    public long HubTerm { get; init; }

    /// <summary>Who.</summary>
    public required MemberProfile Profile { get; init; }

    /// <summary>What the tier is computed from.</summary>
    public required long LifetimeSpendMinor { get; init; }

    /// <summary>When the hub wrote it, Unix milliseconds.</summary>
    public required long AsOfMs { get; init; }

    /// <summary>Where the value is.</summary>
    public required IReadOnlyList<Holding> Holdings { get; init; }

    /// <summary>This store's own lines as far as the hub had ingested them.</summary>
    public required IReadOnlyDictionary<Bucket, AgentLine> OwnLines { get; init; }

    /// <summary>The member that this one was merged into; default for a member of its own.</summary>
    public MemberId AliasOf { get; init; }

    /// <summary>Members that were merged into this one.</summary>
    public IReadOnlyList<MemberId> Aliases { get; init; } = [];

    /// <summary>What the member owes, wherever.</summary>
    public long ReceivableMinor { get; init; }

    /// <summary>What this store advanced without a right, as far as the hub had heard.</summary>
    public long FloorAdvancedMinor { get; init; }

    /// <summary>What of it was settled.</summary>
    public long FloorSettledMinor { get; init; }

    /// <summary>Tags by the op that added them.</summary>
    public IReadOnlyList<TagDot> Tags { get; init; } = [];

    /// <summary>Contact fields that nobody has proved yet.</summary>
    public IReadOnlyList<FieldChange> Pending { get; init; } = [];

    /// <summary>This store's newest op about the member that the hub had taken in.</summary>
    public long OwnApplied { get; init; }

    /// <summary>Whether the member was erased: no copy of the profile may stay.</summary>
    public bool IsErased { get; init; }

    /// <summary>W of one bucket.</summary>
    public long TotalOf(Bucket bucket)
    {
        long sum = 0;
        for (var i = 0; i < Holdings.Count; i++)
        {
            sum = checked(sum + (Holdings[i].Bucket == bucket ? Holdings[i].AmountMinor : 0));
        }

        return sum;
    }
}
