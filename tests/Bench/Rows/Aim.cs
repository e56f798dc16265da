using System.Globalization;

namespace SyncHub.Bench.Rows;

/// <summary>What a ratio should be.</summary>
/// <param name="IsLeast">Whether larger is better.</param>
/// <param name="Bound">The bound; 0: there is none.</param>
internal readonly record struct Aim(bool IsLeast, double Bound)
{
    /// <summary>For orientation only.</summary>
    public static Aim None => default;

    /// <summary>At least.</summary>
    public static Aim AtLeast(double bound) => new(true, bound);

    /// <summary>At most.</summary>
    public static Aim AtMost(double bound) => new(false, bound);

    /// <summary>Whether a ratio meets it.</summary>
    public bool IsMet(double ratio) => Bound == 0 || (IsLeast ? ratio >= Bound : ratio <= Bound);

    /// <inheritdoc/>
    public override string ToString() => Bound == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{(IsLeast ? ">=" : "<=")} {Bound}");
}
