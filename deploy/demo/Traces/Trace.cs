namespace SyncHub.Demo.Traces;

/// <summary>Receipts in the order of time, and what was left aside on the way to them.</summary>
public sealed record Trace
{
    /// <summary>Where it comes from, for people.</summary>
    public required string Source { get; init; }

    /// <summary>Sales and refunds of members, ordered by time; rows of the same moment keep the order of the file.</summary>
    public required IReadOnlyList<TraceRow> Rows { get; init; }

    /// <summary>Lines that could not be read.</summary>
    public IReadOnlyList<BadLine> BadLines { get; init; } = [];

    /// <summary>Rows of other kinds, such as offers and coupons.</summary>
    public int OtherKinds { get; init; }

    /// <summary>Receipts that name no member; stored value has no part in them.</summary>
    public int WithoutMember { get; init; }

    /// <summary>Receipts over nothing.</summary>
    public int ZeroAmounts { get; init; }

    /// <summary>The first <paramref name="count"/> receipts.</summary>
    public Trace Take(int count) => count >= Rows.Count ? this : this with { Rows = [.. Rows.Take(count)] };
}
