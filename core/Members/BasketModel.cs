namespace SyncHub.Core.Members;

/// <summary>How large a member's next purchase will be: how likely it is to stay within an amount, in parts of <see cref="Total"/>.</summary>
/// <remarks>
/// The member's newest purchases, and beside them a shape that skewed purchases have everywhere, scaled to their median: without it a member
/// of three visits would get exactly what these three cost. A model for placement only: it never decides whether money moves.
/// </remarks>
public sealed class BasketModel
{
    // One own purchase weighs as much as an eighth of the shape, so that after eight visits the member's own ones count for half.
    private const int OwnWeight = 8;

    // One in two purchases is below the median, a quarter above one and a half of it or more, one in ten above three of it.
    private static readonly (int MedianPermille, int Weight)[] Shape = [(400, 10), (700, 10), (1000, 13), (1500, 10), (2000, 6), (3000, 8), (4000, 4), (6000, 2)];
    private const int BeyondShape = 1;

    private readonly long[] _amounts;
    private readonly int[] _within;

    private BasketModel(long[] amounts, int[] within, int total, long largestOwn)
    {
        (_amounts, _within, Total, LargestOwnMinor) = (amounts, within, total, largestOwn);
    }

    /// <summary>The sum of all weights.</summary>
    public int Total { get; }

    /// <summary>The largest of the newest purchases.</summary>
    public long LargestOwnMinor { get; }

    /// <summary>The amounts at which the likelihood steps up, rising.</summary>
    public ReadOnlySpan<long> Steps => _amounts;

    /// <summary>From a member's newest purchases; null where there are none.</summary>
    public static BasketModel? Of(IReadOnlyList<long> newest)
    {
        if (newest.Count == 0)
        {
            return null;
        }

        const int OnStack = 32;
        var count = newest.Count + Shape.Length;
        var own = count <= OnStack ? stackalloc long[newest.Count] : new long[newest.Count];
        for (var i = 0; i < own.Length; i++)
        {
            own[i] = newest[i];
        }

        own.Sort();
        var median = own[own.Length / 2];
        var points = count <= OnStack ? stackalloc (long Amount, int Weight)[count] : new (long Amount, int Weight)[count];
        for (var i = 0; i < own.Length; i++)
        {
            points[i] = (own[i], OwnWeight);
        }

        for (var i = 0; i < Shape.Length; i++)
        {
            points[own.Length + i] = (Math.Max(1, Placement.Scale(median, Shape[i].MedianPermille)), Shape[i].Weight);
        }

        points.Sort(static (left, right) => left.Amount.CompareTo(right.Amount));
        var different = 1;
        for (var i = 1; i < points.Length; i++)
        {
            different += points[i].Amount == points[i - 1].Amount ? 0 : 1;
        }

        var (amounts, within, at, sum) = (new long[different], new int[different], -1, 0);
        foreach (var (amount, weight) in points)
        {
            sum += weight;
            at += at >= 0 && amounts[at] == amount ? 0 : 1;
            (amounts[at], within[at]) = (amount, sum);
        }

        return new BasketModel(amounts, within, sum + BeyondShape, own[^1]);
    }

    /// <summary>How likely the next purchase is at most <paramref name="amountMinor"/>.</summary>
    public int Within(long amountMinor)
    {
        var index = Array.BinarySearch(_amounts, amountMinor);
        index = index >= 0 ? index : ~index - 1;
        return index < 0 ? 0 : _within[index];
    }
}
