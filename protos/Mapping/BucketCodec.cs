using SyncHub.Core.Primitives;
using SyncHub.Core.Wallets;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>Buckets between the wire and the core. A kind that this version does not know keeps its number.</summary>
public static class BucketCodec
{
    /// <summary>For the wire.</summary>
    public static Wire.Bucket ToWire(Bucket bucket)
    {
        var wire = new Wire.Bucket { Kind = (Wire.BucketKind)bucket.Kind };
        if (bucket.Kind == BucketKind.Lot)
        {
            wire.Lot = new Wire.LotId { OriginStore = bucket.Lot.OriginStore.Value, Terms = bucket.Lot.Terms, ExpiryDay = bucket.Lot.ExpiryDay };
        }

        return wire;
    }

    /// <summary>From the wire.</summary>
    public static Bucket ToCore(Wire.Bucket? wire) => wire is null ? default
        : new Bucket((BucketKind)wire.Kind, wire.Lot is { } lot ? new LotId(new StoreId(lot.OriginStore), lot.Terms, lot.ExpiryDay) : default);
}
