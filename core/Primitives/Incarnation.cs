using System.Globalization;

namespace SyncHub.Core.Primitives;

/// <summary>One life of a store's database: hub term in the upper 32 bits, a number in the lower ones; never issued twice.</summary>
public readonly record struct Incarnation(long Value) : IComparable<Incarnation>
{
    /// <summary>The incarnation numbered <paramref name="number"/> in hub term <paramref name="term"/>.</summary>
    public static Incarnation Of(int term, int number) => new(((long)term << 32) | (uint)number);

    /// <summary>The hub term in which it was given.</summary>
    public int Term => (int)(Value >> 32);

    /// <inheritdoc/>
    public int CompareTo(Incarnation other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value >> 32}.{Value & 0xffffffff}");
}
