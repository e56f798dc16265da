using SyncHub.Core.Primitives;
using Wire = SyncHub.V1;

namespace SyncHub.Protos.Mapping;

/// <summary>Op ids between the wire and the core.</summary>
public static class OpIdCodec
{
    /// <summary>For the wire.</summary>
    public static Wire.OpId ToWire(OpId id) => new() { Store = id.Holder.Store.Value, Incarnation = id.Holder.Incarnation.Value, Sequence = id.Sequence };

    /// <summary>From the wire.</summary>
    public static OpId ToCore(Wire.OpId id) => new(new Holder(new StoreId(id.Store), new Incarnation(id.Incarnation)), id.Sequence);
}
