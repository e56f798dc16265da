using SyncHub.Core.Ops;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>Moves between the wire and the core.</summary>
public static class MoveCodec
{
    /// <summary>For the wire.</summary>
    public static Wire.Move ToWire(Move move) => new()
    {
        Kind = (Wire.MoveKind)move.Kind,
        Bucket = BucketCodec.ToWire(move.Bucket),
        AmountMinor = move.AmountMinor,
        GrantedSeen = move.GrantedSeen,
    };

    /// <summary>From the wire.</summary>
    public static Move ToCore(Wire.Move move) => new((MoveKind)move.Kind, BucketCodec.ToCore(move.Bucket), move.AmountMinor, move.GrantedSeen);
}
