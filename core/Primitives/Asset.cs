namespace SyncHub.Core.Primitives;

/// <summary>What an amount is an amount of: a currency (ISO 4217 code) or points.</summary>
public readonly record struct Asset(string Code)
{
    /// <summary>The chain's points; whole, never fractions.</summary>
    public static readonly Asset Points = new("POINTS");

    /// <inheritdoc/>
    public override string ToString() => Code;
}
