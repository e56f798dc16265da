using SyncHub.Core.Primitives;

namespace SyncHub.Core.Wallets;

/// <summary>The kinds of value in a wallet.</summary>
public enum BucketKind
{
    /// <summary>Not said.</summary>
    Unspecified = 0,

    /// <summary>Money that the member paid in. Never expires.</summary>
    Principal = 1,

    /// <summary>Points, whole.</summary>
    Points = 2,

    /// <summary>One lot of bonus money.</summary>
    Lot = 3,

    /// <summary>What the member may spend on account: a right to owe, not money of the member.</summary>
    Credit = 4,

    /// <summary>Top-ups whose payment may still be declined; spendable nowhere.</summary>
    Pending = 5,
}

/// <summary>What rights are counted in: one pot of value of one member.</summary>
public readonly record struct Bucket(BucketKind Kind, LotId Lot) : IComparable<Bucket>
{
    /// <summary>Money paid in.</summary>
    public static readonly Bucket Principal = new(BucketKind.Principal, default);

    /// <summary>Points.</summary>
    public static readonly Bucket Points = new(BucketKind.Points, default);

    /// <summary>What may be spent on account.</summary>
    public static readonly Bucket Credit = new(BucketKind.Credit, default);

    /// <summary>Top-ups whose payment may still be declined.</summary>
    public static readonly Bucket Pending = new(BucketKind.Pending, default);

    /// <summary>The bucket of one lot.</summary>
    public static Bucket Of(LotId lot) => new(BucketKind.Lot, lot);

    /// <summary>Principal or bonus: what can pay a bill one to one.</summary>
    public bool IsMoney => Kind is BucketKind.Principal or BucketKind.Lot;

    /// <summary>Whether it may be chosen for something new on <paramref name="day"/>; only lots end.</summary>
    public bool IsValidOn(int day) => Kind != BucketKind.Lot || Lot.IsValidOn(day);

    /// <summary>Principal, points, then lots by expiry.</summary>
    public int CompareTo(Bucket other) => Kind != other.Kind ? Kind.CompareTo(other.Kind) : Lot.CompareTo(other.Lot);

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        BucketKind.Principal => "principal",
        BucketKind.Points => "points",
        BucketKind.Lot => $"lot:{Lot.OriginStore}:{Lot.Terms}:{Lot.ExpiryDay}",
        BucketKind.Credit => "credit",
        BucketKind.Pending => "pending",
        _ => $"bucket {(int)Kind}",
    };
}
