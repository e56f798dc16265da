namespace SyncHub.Verify;

/// <summary>A right line at the hub as the events add it up (protocol.md 1.2).</summary>
/// <remarks>128 bits: a damaged number must come out as a difference, not as an overflow.</remarks>
internal sealed class LineFold
{
    /// <summary>G.</summary>
    public Int128 Granted { get; set; }

    /// <summary>C.</summary>
    public Int128 Credited { get; set; }

    /// <summary>D.</summary>
    public Int128 Debited { get; set; }

    /// <summary>R.</summary>
    public Int128 Relinquished { get; set; }

    /// <summary>F.</summary>
    public Int128 Disowned { get; set; }

    /// <summary>A.</summary>
    public Int128 Outstanding { get; set; }

    /// <summary>The account that bears what a reclaim turns out to miss; empty: the store's own.</summary>
    public string Payer { get; set; } = "";

    /// <summary>Used here although nobody backed it: A + F = G + C - D - R + this.</summary>
    public Int128 Unbacked { get; set; }
}
