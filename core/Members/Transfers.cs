using SyncHub.Core.Mechanisms;
using SyncHub.Core.Primitives;
using SyncHub.Core.Profiles;
using SyncHub.Core.Tills;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

/// <summary>How much of one bucket ever went from one member to another; it only grows.</summary>
public readonly record struct BucketTotal(Bucket Bucket, long TotalMinor);

/// <summary>How much principal of one origin ever went from one member to another; it only grows.</summary>
public readonly record struct ParcelTotal(StoreId OriginStore, int Terms, long TotalMinor);

/// <summary>Everything that ever went from one member to another: absolute, so that a message that is lost, late or repeated moves nothing twice.</summary>
public sealed record TransferTotals(IReadOnlyList<BucketTotal> Lines, IReadOnlyList<ParcelTotal> Parcels);

/// <summary>One direction between two members, cumulative. Owned by one member's state; not thread-safe.</summary>
public sealed class TransferSums
{
    /// <summary>By bucket.</summary>
    public SortedDictionary<Bucket, long> Lines { get; } = [];

    /// <summary>Principal by origin and terms.</summary>
    public SortedDictionary<(StoreId Origin, int Terms), long> Parcels { get; } = [];

    /// <summary>The sums as they stand.</summary>
    public TransferTotals Totals => new([.. Lines.Select(line => new BucketTotal(line.Key, line.Value))], [.. Parcels.Select(parcel => new ParcelTotal(parcel.Key.Origin, parcel.Key.Terms, parcel.Value))]);

    /// <summary>Takes totals that are not lower than these.</summary>
    public void Raise(TransferTotals totals)
    {
        foreach (var (bucket, total) in totals.Lines)
        {
            Lines[bucket] = Math.Max(Lines.GetValueOrDefault(bucket), total);
        }

        foreach (var (origin, terms, total) in totals.Parcels)
        {
            Parcels[(origin, terms)] = Math.Max(Parcels.GetValueOrDefault((origin, terms)), total);
        }
    }

    /// <summary>By how much <paramref name="totals"/> are above these; nothing where they are old.</summary>
    public TransferTotals IncrementsOf(TransferTotals totals) => Switches.IsOff(Mechanism.AbsoluteTransfers) ? totals : new(
        [.. totals.Lines.Select(line => line with { TotalMinor = line.TotalMinor - Lines.GetValueOrDefault(line.Bucket) }).Where(line => line.TotalMinor > 0)],
        [.. totals.Parcels.Select(parcel => parcel with { TotalMinor = parcel.TotalMinor - Parcels.GetValueOrDefault((parcel.OriginStore, parcel.Terms)) }).Where(parcel => parcel.TotalMinor > 0)]);
}

/// <summary>What a survivor knows of one of its aliases.</summary>
public sealed class AliasState
{
    /// <summary>The survivor's version at the offer that the alias accepted: what it says under an older one counts no more.</summary>
    public required long Offer { get; init; }

    /// <summary>The newest word of it.</summary>
    public required AliasNews News { get; set; }

    /// <summary>What came from it and may go back when the merge is undone: by provenance, never below zero.</summary>
    public SortedDictionary<Bucket, long> Contributed { get; } = [];
}

/// <summary>What an alias tells its survivor of itself, whole, at one version.</summary>
/// <param name="Version">The alias's version; an older word never replaces a newer one.</param>
/// <param name="LifetimeSpendMinor">Counts for the survivor's tier.</param>
/// <param name="LargestBasketMinor">Counts for placement.</param>
/// <param name="Visits">Added to the survivor's once, with the first word.</param>
/// <param name="Followers">Stores that keep a replica of the alias have to hear of the survivor.</param>
/// <param name="Held">What stores still hold on the alias's right lines.</param>
/// <param name="Tags">Added to the survivor's, each dot once.</param>
public sealed record AliasNews(long Version, long LifetimeSpendMinor, long LargestBasketMinor, IReadOnlyList<Visit> Visits, IReadOnlyList<StoreId> Followers, IReadOnlyList<Holding> Held, IReadOnlyList<TagDot> Tags)
{
    /// <summary>What it, and its own aliases, owe and have no principal for: the survivor pays it from what is free.</summary>
    public long OwesMinor { get; init; }

    /// <summary>The principal that ever came to it from the survivor; what was sent above it is still on its way.</summary>
    public long ReceivedMinor { get; init; }

    /// <summary>How much it may owe. Counts with the first word, once: what HQ says of the survivor afterwards stands.</summary>
    public long CreditLimitMinor { get; init; }
}

/// <summary>A promise to take a member in; <paramref name="Version"/> is the survivor's when it was made.</summary>
public readonly record struct MergeOffer(long Version, string Operator, string Reason)
{
    /// <summary>Whether HQ has set the survivor's credit limit since: it stands, whatever the loser's is.</summary>
    public bool IsLimitSet { get; init; }
}
