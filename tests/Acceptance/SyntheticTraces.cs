using SyncHub.Demo;

namespace SyncHub.Acceptance;

/// <summary>Made traces of shapes that the real ones lack, so that nothing is tuned to those. The same on every machine.</summary>
public static class SyntheticTraces
{
    private const long DayMs = 86_400_000;
    private const int Days = 365;
    private static readonly long Start = new DateTimeOffset(2024, 1, 1, 9, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <summary>The made trace of this name, or null.</summary>
    public static PurchaseTrace? Find(string name) => name switch
    {
        "salons" => Salons(),
        "tourists" => Tourists(),
        "families" => Families(),
        _ => null,
    };

    /// <summary>Salons: 40 stores; a visit every three weeks or so, nearly always to one of one to three stores, at a few fixed prices.</summary>
    public static PurchaseTrace Salons()
    {
        var random = new SplitMix64(11);
        var purchases = new List<Purchase>();
        long[] prices = [3800, 6800, 12800, 6800, 3800, 28800];
        for (var member = 0; member < 2000; member++)
        {
            int[] own = [random.Below(40), random.Below(40), random.Below(40)];
            var known = 1 + random.Below(3);
            var usualPrice = random.Below(prices.Length - 1);
            for (var day = random.Below(30); day < Days; day += 7 + random.Below(28))
            {
                var store = random.Percent(2) ? random.Below(40) : random.Percent(75) ? own[0] : own[random.Below(known)];
                var price = random.Percent(70) ? prices[usualPrice] : prices[random.Below(prices.Length)];
                purchases.Add(At(random, day, store, member, price));
            }
        }

        return new PurchaseTrace("salons (made)", purchases);
    }

    /// <summary>A chain in tourist places: 60 stores along 6 routes; a member makes one or two journeys of some days, hardly ever twice to one store.</summary>
    public static PurchaseTrace Tourists()
    {
        var random = new SplitMix64(22);
        var purchases = new List<Purchase>();
        for (var member = 0; member < 3000; member++)
        {
            for (var journeys = 1 + random.Below(2); journeys > 0; journeys--)
            {
                var (store, first) = (random.Below(60), random.Below(Days - 15));
                for (var day = first; day < first + 3 + random.Below(10); day++)
                {
                    store = random.Percent(40) ? store : (store / 10 * 10) + ((store + 1 + random.Below(2)) % 10);
                    for (var visits = random.Below(3); visits > 0; visits--)
                    {
                        purchases.Add(At(random, day, store, member, Skewed(random, 900)));
                    }
                }
            }
        }

        return new PurchaseTrace("tourists (made)", purchases);
    }

    /// <summary>Family cards: 30 stores; two to four people spend one wallet, each with a store of their own, sometimes within minutes of each other.</summary>
    public static PurchaseTrace Families()
    {
        var random = new SplitMix64(33);
        var purchases = new List<Purchase>();
        for (var member = 0; member < 900; member++)
        {
            var people = 2 + random.Below(3);
            var stores = Enumerable.Range(0, people).Select(_ => random.Below(30)).ToArray();
            for (var day = random.Below(3); day < Days; day += 1 + random.Below(6))
            {
                var first = random.Below(people);
                var visit = At(random, day, random.Percent(90) ? stores[first] : random.Below(30), member, Skewed(random, 1500));
                purchases.Add(visit);
                if (random.Percent(25))
                {
                    var other = stores[(first + 1) % people];
                    purchases.Add(visit with { AtMs = visit.AtMs + 1000 + random.Below(600_000), Store = other, AmountMinor = Skewed(random, 1500) });
                }
            }
        }

        return new PurchaseTrace("families (made)", purchases);
    }

    private static Purchase At(SplitMix64 random, int day, int store, int member, long amount) => new(Start + (day * DayMs) + random.Below(11 * 3_600_000), store, member, amount);

    // The square of a draw: half of the amounts are below the middle one, one in ten is above three of it.
    private static long Skewed(SplitMix64 random, long middle)
    {
        long draw = 100 + random.Below(900);
        return Math.Max(50, middle * draw * draw / 302_500);
    }
}
