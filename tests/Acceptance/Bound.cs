using System.Globalization;

namespace SyncHub.Acceptance;

/// <summary>What no placement can exceed, computed from the trace alone: no product class, no outage, no message is in it.</summary>
/// <remarks>
/// Two oracles place the whole wallet anew before each sale, as often as they like and without a thought for sales elsewhere. The clairvoyant knows which sale is next; the
/// other one knows exactly which sales of each member are still to come, at which stores and how large, and not in which order.
/// Both send rights to stores that the member has visited before. Wallets are those of a chain that approves every sale.
/// </remarks>
public sealed record Bound
{
    /// <summary>Sales.</summary>
    public required int Sales { get; init; }

    /// <summary>Sales that the clairvoyant has ready.</summary>
    public required int Clairvoyant { get; init; }

    /// <summary>Sales that the one who does not know their order can expect to have ready; parts of a basket count as such parts, so it is never too low.</summary>
    public required double Unordered { get; init; }

    /// <summary>Computes it.</summary>
    /// <param name="trace">What is bought.</param>
    /// <param name="floorMinor">Up to how much a store may approve beyond its rights; 0 = nothing.</param>
    public static Bound Of(PurchaseTrace trace, long floorMinor)
    {
        ArgumentNullException.ThrowIfNull(trace);
        var members = new Member[trace.Members];
        foreach (var purchase in trace.Purchases)
        {
            (members[purchase.Member] ??= new Member()).Note(purchase.Store, purchase.AmountMinor);
        }

        foreach (var member in members)
        {
            member?.Sort();
        }

        var (clairvoyant, unordered) = (0, 0.0);
        foreach (var (_, store, number, amount) in trace.Purchases)
        {
            var member = members[number];
            var reloads = member.WalletMinor < amount;
            clairvoyant += reloads || amount <= floorMinor || member.Visited.Contains(store) ? 1 : 0;
            unordered += member.Expected(floorMinor);
            member.WalletMinor += (reloads ? trace.ReloadMinor(number, member.WalletMinor, amount) : 0) - amount;
            member.Forget(store, amount);
            member.Visited.Add(store);
        }

        return new Bound { Sales = trace.Purchases.Count, Clairvoyant = clairvoyant, Unordered = unordered };
    }

    /// <summary>In words.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{100.0 * Clairvoyant / Math.Max(1, Sales):F1} % for who knows the next sale, {100.0 * Unordered / Math.Max(1, Sales):F1} % for who knows which sales are to come, and not in which order");

    private sealed class Member
    {
        private readonly SortedDictionary<int, List<long>> _baskets = [];
        private int _sales;

        public long WalletMinor { get; set; }

        public HashSet<int> Visited { get; } = [];

        public void Note(int store, long amount)
        {
            _sales++;
            if (!_baskets.TryGetValue(store, out var baskets))
            {
                _baskets.Add(store, baskets = []);
            }

            baskets.Add(amount);
        }

        public void Forget(int store, long amount)
        {
            _sales--;
            _baskets[store].Remove(amount);
        }

        public void Sort()
        {
            foreach (var baskets in _baskets.Values)
            {
                baskets.Sort();
            }
        }

        // Whoever has too little reloads there, and has it; a small basket the floor covers anywhere. Of the rest as much as the wallet can cover, the most baskets for the money first.
        public double Expected(long floorMinor)
        {
            var sure = 0;
            var steps = new List<(double Baskets, double Minor)>();
            foreach (var (store, baskets) in _baskets)
            {
                var within = baskets.FindLastIndex(basket => basket <= WalletMinor) + 1;
                var covered = baskets.FindLastIndex(basket => basket <= Math.Min(WalletMinor, floorMinor)) + 1;
                sure += baskets.Count - within + covered;
                if (Visited.Contains(store))
                {
                    AddHull(steps, baskets[covered..within], floorMinor);
                }
            }

            steps.Sort(static (left, right) => (right.Baskets / right.Minor).CompareTo(left.Baskets / left.Minor));
            var (ready, money) = ((double)sure, (double)WalletMinor);
            foreach (var (baskets, minor) in steps)
            {
                ready += baskets * Math.Min(1, money / minor);
                money = Math.Max(0, money - minor);
            }

            return ready / _sales;
        }

        // The steps of the upper concave hull of "so much money covers so many of these baskets".
        private static void AddHull(List<(double Baskets, double Minor)> steps, List<long> baskets, long floorMinor)
        {
            var hull = new List<(long Minor, int Baskets)> { (0, 0) };
            for (var i = 0; i < baskets.Count; i++)
            {
                var next = (Minor: baskets[i] - floorMinor, Baskets: i + 1);
                while (hull.Count > 1 && Slope(hull[^2], hull[^1]) <= Slope(hull[^2], next))
                {
                    hull.RemoveAt(hull.Count - 1);
                }

                hull.Add(next);
            }

            for (var i = 1; i < hull.Count; i++)
            {
                steps.Add((hull[i].Baskets - hull[i - 1].Baskets, hull[i].Minor - hull[i - 1].Minor));
            }
        }

        private static double Slope((long Minor, int Baskets) from, (long Minor, int Baskets) to) => (to.Baskets - from.Baskets) / (double)Math.Max(1, to.Minor - from.Minor);
    }
}
