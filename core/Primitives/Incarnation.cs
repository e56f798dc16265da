using System.Globalization;

namespace SyncHub.Core.Primitives;

/// <summary>One life of a store's database: hub term in the upper 32 bits, then the cell in 8, a number in the lower 24; never issued twice in any cell.</summary>
/// <remarks>So an op's name alone tells in which cell its member is. In a chain of one cell those 8 bits are zero.</remarks>
public readonly record struct Incarnation(long Value) : IComparable<Incarnation>
{
    private const int CellShift = 24;
    private const long NumberMask = (1L << CellShift) - 1;

    /// <summary>The first life that a cell gives in a term of its hub.</summary>
    /// <param name="term">The term of the cell's hub.</param>
    /// <param name="cell">The cell's number, from 1.</param>
    public static Incarnation First(int term, int cell) => new(((long)term << 32) | ((long)(cell - 1) << CellShift) | 1);

    /// <summary>The incarnation numbered <paramref name="number"/> in hub term <paramref name="term"/>.</summary>
    public static Incarnation Of(int term, int number) => new(((long)term << 32) | (uint)number);

    /// <summary>The hub term in which it was given.</summary>
    public int Term => (int)(Value >> 32);

    /// <summary>The number of the cell whose hub gave it, from 1.</summary>
    public int Cell => (int)((Value >> CellShift) & 0xff) + 1;

    /// <inheritdoc/>
    public int CompareTo(Incarnation other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Cell == 1 ? string.Create(CultureInfo.InvariantCulture, $"{Value >> 32}.{Value & NumberMask}")
        : string.Create(CultureInfo.InvariantCulture, $"{Value >> 32}.{Value & NumberMask}@{Cell}");
}
