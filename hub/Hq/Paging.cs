namespace SyncHub.Hub.Hq;

/// <summary>Cuts lists into pages: as many items as were asked for and fit an answer; where something is left out, the answer says after what it goes on.</summary>
/// <remarks>Who asks for no number gets all that fits, so that programs of before pages see whole lists of any usual size. A page of a list that is not at its end is never empty.</remarks>
internal static class Paging
{
    /// <summary>What the items of a page may have together: a caller's usual limit is 4 MiB, and something has to go around them.</summary>
    public const int LargestBytes = 3 * 1024 * 1024;

    private const int BytesAround = 8;

    /// <summary>Fills a page.</summary>
    /// <param name="items">What comes after the page before, in order; read no further than needed.</param>
    /// <param name="limit">How many at most; 0 or less: as many as fit.</param>
    /// <param name="add">Takes an item.</param>
    /// <param name="sizeOf">An item's bytes.</param>
    /// <returns>The last item where there are more; null at the end.</returns>
    public static T? Fill<T>(IEnumerable<T> items, int limit, Action<T> add, Func<T, int> sizeOf)
        where T : class
    {
        var (count, bytes) = (0, 0);
        T? last = null;
        foreach (var item in items)
        {
            bytes += sizeOf(item) + BytesAround;
            if (last is not null && ((limit > 0 && count >= limit) || bytes > LargestBytes))
            {
                return last;
            }

            add(item);
            count++;
            last = item;
        }

        return null;
    }

    /// <summary>Puts the pages of several cells together, which all began after the same place, in one order.</summary>
    /// <param name="pages">Each cell's items, and whether it has more.</param>
    /// <param name="order">The order of the list.</param>
    /// <returns>What is known to come next without a gap, and whether something comes after that.</returns>
    public static (IEnumerable<T> Items, bool HasMore) Join<T>(IReadOnlyList<(IReadOnlyList<T> Items, bool HasMore)> pages, Comparison<T> order)
    {
        var compare = Comparer<T>.Create(order);
        // Beyond the end of a page that was cut, its cell may have more that comes before what others have.
        var ends = pages.Where(page => page is { HasMore: true, Items.Count: > 0 }).Select(page => page.Items[^1]).ToArray();
        var all = pages.SelectMany(page => page.Items);
        return ends.Length == 0 ? (all.Order(compare), false) : (all.Where(item => compare.Compare(item, ends.Min(compare)!) <= 0).Order(compare), true);
    }
}
