namespace SyncHub.Core.Primitives;

/// <summary>Whoever can hold rights: a store in one life of its database. A store with a new database is a new holder.</summary>
public readonly record struct Holder(StoreId Store, Incarnation Incarnation) : IComparable<Holder>
{
    /// <inheritdoc/>
    public int CompareTo(Holder other) => Store != other.Store ? Store.CompareTo(other.Store) : Incarnation.CompareTo(other.Incarnation);

    /// <inheritdoc/>
    public override string ToString() => $"{Store}/{Incarnation}";
}
