namespace SyncHub.Scale;

/// <summary>Counts of values in steps of about a tenth, for quantiles of millions of them.</summary>
internal sealed class Spread
{
    private const double Step = 1.1;
    private readonly long[] _counts = new long[240];
    private long _all;

    /// <summary>The largest value.</summary>
    public long Max { get; private set; }

    /// <summary>Counts one.</summary>
    public void Add(long value)
    {
        _counts[value <= 0 ? 0 : Math.Min(_counts.Length - 1, 1 + (int)Math.Log(value, Step))]++;
        _all++;
        Max = Math.Max(Max, value);
    }

    /// <summary>The value that so many of a hundred do not exceed.</summary>
    public long At(double percent)
    {
        var wanted = _all * percent / 100;
        long seen = 0;
        for (var place = 0; place < _counts.Length; place++)
        {
            seen += _counts[place];
            if (seen >= wanted)
            {
                return place == 0 ? 0 : Math.Min(Max, (long)Math.Pow(Step, place));
            }
        }

        return Max;
    }
}
