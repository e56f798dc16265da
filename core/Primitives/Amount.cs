using System.Globalization;

namespace SyncHub.Core.Primitives;

/// <summary>So many minor units (cents, fen; whole points) of one asset. Arithmetic is checked: it never wraps and never mixes assets.</summary>
/// <remarks>It is not a balance and not a price with a rate: it knows no rounding, because nothing here divides.</remarks>
public readonly record struct Amount(long Minor, Asset Asset) : IComparable<Amount>
{
    /// <summary>The most that one till request may name: 10 million in units of a currency with two decimals. Beyond it is a typing error.</summary>
    public const long LargestRequestMinor = 1_000_000_000;

    /// <summary>The most that one move of an op may carry; the hub moves no value for an op beyond it.</summary>
    public const long LargestMoveMinor = LargestRequestMinor * 1000;

    /// <summary>The sum of two amounts of one asset.</summary>
    /// <exception cref="OverflowException">The sum does not fit.</exception>
    /// <exception cref="InvalidOperationException">The assets differ.</exception>
    public static Amount operator +(Amount left, Amount right) => new(checked(left.Minor + right.Minor), Same(left, right));

    /// <summary>The difference of two amounts of one asset.</summary>
    /// <exception cref="OverflowException">The difference does not fit.</exception>
    /// <exception cref="InvalidOperationException">The assets differ.</exception>
    public static Amount operator -(Amount left, Amount right) => new(checked(left.Minor - right.Minor), Same(left, right));

    /// <summary>The amount with the other sign.</summary>
    public static Amount operator -(Amount amount) => amount with { Minor = checked(-amount.Minor) };

    /// <summary>Whether a till may ask for this many minor units: above zero and at most <see cref="LargestRequestMinor"/>.</summary>
    public static bool IsRequestable(long minor) => minor is > 0 and <= LargestRequestMinor;

    /// <inheritdoc/>
    public int CompareTo(Amount other) => Same(this, other) == Asset ? Minor.CompareTo(other.Minor) : 0;

    /// <inheritdoc/>
    public override string ToString() => $"{Minor.ToString(CultureInfo.InvariantCulture)} {Asset}";

    private static Asset Same(Amount left, Amount right) => left.Asset == right.Asset
        ? left.Asset
        : throw new InvalidOperationException($"Amounts of {left.Asset} and {right.Asset} cannot be combined.");
}
