using SyncHub.Demo.Traces;

namespace SyncHub.Demo.Outages;

/// <summary>Two stores and how many members visit both within one stretch of the trace.</summary>
internal readonly record struct SharedStretch(int Slot, int First, int Second, int Members);

/// <summary>Finds in a trace where two stores serve the same members at the same time.</summary>
internal static class SharedMembers
{
    /// <summary>Every pair with at least one such member, most members first, then by stretch and store.</summary>
    public static IReadOnlyList<SharedStretch> Find(IReadOnlyList<TraceRow> rows, StoreMap map, int stores)
    {
        var found = new List<SharedStretch>();
        for (var slot = 0; slot < Schedule.Slots; slot++)
        {
            var visits = new Dictionary<string, HashSet<int>>(StringComparer.Ordinal);
            for (var row = Schedule.StartOf(slot, rows.Count); row < Schedule.StartOf(slot + 1, rows.Count); row++)
            {
                if (!visits.TryGetValue(rows[row].Member, out var seen))
                {
                    visits.Add(rows[row].Member, seen = []);
                }

                seen.Add(map[rows[row].Store]);
            }

            var counts = new int[stores, stores];
            foreach (var seen in visits.Values.Where(seen => seen.Count > 1))
            {
                foreach (var (first, second) in from a in seen from b in seen where a < b select (a, b))
                {
                    counts[first, second]++;
                }
            }

            found.AddRange(from first in Enumerable.Range(0, stores)
                           from second in Enumerable.Range(0, stores)
                           where counts[first, second] > 0
                           select new SharedStretch(slot, first, second, counts[first, second]));
        }

        return [.. found.OrderByDescending(stretch => stretch.Members).ThenBy(stretch => stretch.Slot).ThenBy(stretch => stretch.First).ThenBy(stretch => stretch.Second)];
    }
}
