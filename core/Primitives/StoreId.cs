using System.Globalization;

namespace SyncHub.Core.Primitives;

/// <summary>A shop of the chain, numbered from 1. Zero stands for the hub itself where a holder is named.</summary>
public readonly record struct StoreId(int Value) : IComparable<StoreId>
{
    /// <inheritdoc/>
    public int CompareTo(StoreId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
