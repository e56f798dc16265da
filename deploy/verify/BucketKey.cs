using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>A bucket as a key. A kind that is not known keeps its number.</summary>
internal readonly record struct BucketKey(BucketKind Kind, int OriginStore, int Terms, int ExpiryDay)
{
    public static readonly BucketKey Principal = new(BucketKind.Principal, 0, 0, 0);

    public static readonly BucketKey Credit = new(BucketKind.Credit, 0, 0, 0);

    public bool IsMoney => Kind is BucketKind.Principal or BucketKind.Lot;

    public bool IsKnown => Kind is BucketKind.Principal or BucketKind.Points or BucketKind.Lot or BucketKind.Credit or BucketKind.Pending;

    /// <summary>Whether it has a lot where only lots have one.</summary>
    public bool IsMisplacedLot => Kind != BucketKind.Lot && (OriginStore, Terms, ExpiryDay) != (0, 0, 0);

    public static BucketKey Of(Bucket? bucket) => bucket is null ? default
        : bucket.Lot is { } lot ? new(bucket.Kind, lot.OriginStore, lot.Terms, lot.ExpiryDay)
        : new(bucket.Kind, 0, 0, 0);

    public override string ToString() => Kind switch
    {
        BucketKind.Principal => "principal",
        BucketKind.Points => "points",
        BucketKind.Credit => "credit",
        BucketKind.Pending => "pending",
        BucketKind.Lot => $"bonus lot {OriginStore}:{Terms}:{ExpiryDay}",
        _ => $"bucket kind {(int)Kind}",
    };
}
