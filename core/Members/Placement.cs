namespace SyncHub.Core.Members;

/// <summary>Decides how much of a member's money should lie ready at which store.</summary>
/// <remarks>
/// One question decides: what is most likely to let the next sale through? Rights at a store are worth
/// p(next visit is there) x P(basket within them), and cost, by <see cref="PlacementPolicy.StrandedPermille"/>, p(it is elsewhere) x
/// P(basket fits the wallet, but not what is left of it without this store). Where a store may advance up to a floor, a basket that rights and
/// floor cover together is worth nearly as much as one that rights cover: then rights lie where large baskets are likely, and less of them is stranded. A part of a basket is worth nothing, so rights are given
/// in whole baskets, the most useful per unit of money first. Then as few shifts are made as bring nearly as much: each frame has to
/// earn <see cref="PlacementPolicy.MinGainPermille"/>. Integers only, no state; about as many steps as stores x baskets.
/// </remarks>
public static class Placement
{
    // Probabilities of stores count in 1024ths: finer than anybody knows them.
    private const int Sure = 1024;

    // An outage may last for more than one visit: what lies at a store beyond the next basket is worth a little too, but never a basket elsewhere.
    private const int DepthPermille = 50;

    /// <summary>Whether a plan could move anything at all, by bounds that need no baskets: after most sales there is one store that matters and it has everything.</summary>
    /// <returns>False only where <see cref="Plan"/> would be empty, whatever the baskets are.</returns>
    public static bool MayMove(List<Site> sites, long visitWeights, long poolMinor, PlacementPolicy policy, long floorMinor = 0)
    {
        var strandedPermille = policy.StrandedUnder(floorMinor);
        if (poolMinor < 0 || strandedPermille < 0 || policy.MinGainPermille < 0)
        {
            return true; // not what the bounds are about
        }

        var givable = poolMinor;
        foreach (var site in sites)
        {
            givable += site.MayGive ? site.HeldMinor : 0;
        }

        foreach (var site in sites)
        {
            // In thousandths of what a sure basket is worth. A grant cannot be worth more than p x (basket and depth); asking back not more than what stranded rights cost.
            var probability = ProbabilityOf(site, visitWeights);
            var mayGain = site.MayGain && givable > (site.MayGive ? site.HeldMinor : 0) && (long)probability * (1000 + DepthPermille) > (long)policy.MinGainPermille * Sure;
            var mayGive = site is { MayGive: true, HeldMinor: > 0 } && (long)strandedPermille * (Sure - probability) > 2L * policy.MinGainPermille * Sure;
            if (mayGain || mayGive || probability > Sure)
            {
                return true;
            }
        }

        return false;
    }

    private static int ProbabilityOf(Site site, long visitWeights) => (int)((Int128)site.Weight * Sure / Math.Max(1, visitWeights));

    /// <summary>What to move now; never more than <paramref name="poolMinor"/> and what is asked back in the same plan.</summary>
    /// <param name="sites">Stores that hold something or may be given something.</param>
    /// <param name="visitWeights">The sum of all visit weights, with that of a store never visited before.</param>
    /// <param name="poolMinor">Money free at the hub.</param>
    /// <param name="baskets">How large the next purchase will be.</param>
    /// <param name="policy">The chain's settings.</param>
    /// <param name="floorMinor">How much a store that is offline may advance to this member; 0 for nothing.</param>
    public static IReadOnlyList<Shift> Plan(IReadOnlyList<Site> sites, long visitWeights, long poolMinor, BasketModel baskets, PlacementPolicy policy, long floorMinor = 0)
    {
        var worth = new Worth(sites, visitWeights, poolMinor, baskets, policy, floorMinor);
        var target = Fill(sites, worth, atLeastHeld: false, poolMinor + sites.Where(site => site.MayGive).Sum(site => site.HeldMinor));
        return Pick(sites, worth, target, poolMinor, (long)policy.MinGainPermille * Sure * baskets.Total);
    }

    /// <summary><paramref name="amount"/> in thousandths, rounded down, without overflow.</summary>
    public static long Scale(long amount, int permille) => (long)((Int128)amount * permille / 1000);

    // Greedy: the step with the most gain per unit of money, over all stores, until nothing gains or nothing is left.
    private static long[] Fill(IReadOnlyList<Site> sites, Worth worth, bool atLeastHeld, long left)
    {
        var at = new long[sites.Count];
        var next = new Step[sites.Count];
        for (var i = 0; i < at.Length; i++)
        {
            at[i] = atLeastHeld || !sites[i].MayGive ? sites[i].HeldMinor : 0;
            next[i] = worth.BestStep(i, at[i], left, sites[i]);
        }

        while (true)
        {
            var best = -1;
            for (var i = 0; i < next.Length; i++)
            {
                if (next[i].Gain > 0 && next[i].Cost > left)
                {
                    next[i] = worth.BestStep(i, at[i], left, sites[i]);
                }

                best = next[i].Gain > 0 && (best < 0 || next[i].IsBetterThan(next[best])) ? i : best;
            }

            if (best < 0)
            {
                return at;
            }

            at[best] += next[best].Cost;
            left -= next[best].Cost;
            next[best] = worth.BestStep(best, at[best], left, sites[best]);
        }
    }

    // Hysteresis: of the way to the target only the shifts that earn their frames. A grant is one frame, asking back is two.
    private static List<Shift> Pick(IReadOnlyList<Site> sites, Worth worth, long[] target, long poolMinor, long gainPerFrame)
    {
        var ups = new List<(long Gain, long Amount, int Site)>();
        var downs = new List<(long Gain, long Amount, int Site)>();
        for (var i = 0; i < target.Length; i++)
        {
            var (amount, gain) = (target[i] - sites[i].HeldMinor, worth.At(i, target[i]) - worth.At(i, sites[i].HeldMinor));
            if (amount > 0 && gain > gainPerFrame)
            {
                ups.Add((gain - gainPerFrame, amount, i));
            }
            else if (amount < 0)
            {
                downs.Add((gain - (2 * gainPerFrame), -amount, i));
            }
        }

        ups.Sort(static (left, right) => left.Gain != right.Gain ? right.Gain.CompareTo(left.Gain) : left.Site.CompareTo(right.Site));
        downs.Sort(static (left, right) => ((Int128)left.Gain * right.Amount).CompareTo((Int128)right.Gain * left.Amount) is var order && order != 0 ? -order : left.Site.CompareTo(right.Site));
        var (bestGain, bestUps, bestDowns) = (0L, 0, 0);
        var (gainOfUps, needed) = (0L, 0L);
        for (var count = 0; count <= ups.Count; count++)
        {
            var (gain, free, asked) = (gainOfUps, poolMinor, 0);
            while (asked < downs.Count && (free < needed || downs[asked].Gain > 0))
            {
                (gain, free) = (gain + downs[asked].Gain, free + downs[asked].Amount);
                asked++;
            }

            if (free >= needed && gain > bestGain)
            {
                (bestGain, bestUps, bestDowns) = (gain, count, asked);
            }

            if (count < ups.Count)
            {
                (gainOfUps, needed) = (gainOfUps + ups[count].Gain, needed + ups[count].Amount);
            }
        }

        var shifts = new List<Shift>(bestUps + bestDowns);
        shifts.AddRange(ups.Take(bestUps).Select(up => new Shift(sites[up.Site].Holder, up.Amount)));
        shifts.AddRange(downs.Take(bestDowns).Select(down => new Shift(sites[down.Site].Holder, -down.Amount)));
        return shifts;
    }

    private readonly record struct Step(long Gain, long Cost)
    {
        public bool IsBetterThan(Step other)
        {
            // Products of two longs; nearly always they fit one.
            const long Safe = int.MaxValue;
            return Gain < Safe && other.Gain < Safe && Cost < Safe && other.Cost < Safe
                ? Gain * other.Cost > other.Gain * Cost
                : Math.BigMul(Gain, other.Cost) > Math.BigMul(other.Gain, Cost);
        }
    }

    /// <summary>What an amount at a store is worth, in parts of 1024 x 1000 x the baskets' total.</summary>
    private sealed class Worth
    {
        private readonly BasketModel _baskets;
        private readonly long _floor;
        private readonly int _floorWorth;
        private readonly int[] _probability;
        private readonly long _strandedPermille;
        private readonly long _wallet;
        private readonly int _withinWallet;
        private readonly (long Amount, long Depth, int Covered, int Stranded)[] _points;

        public Worth(IReadOnlyList<Site> sites, long visitWeights, long poolMinor, BasketModel baskets, PlacementPolicy policy, long floorMinor)
        {
            _baskets = baskets;
            _floor = floorMinor;
            _floorWorth = floorMinor > 0 ? policy.FloorWorthPermille : 0;
            _strandedPermille = policy.StrandedUnder(floorMinor);
            _wallet = Math.Max(1, poolMinor + sites.Sum(site => site.HeldMinor));
            _withinWallet = baskets.Within(_wallet);
            _probability = new int[sites.Count];
            for (var i = 0; i < _probability.Length; i++)
            {
                _probability[i] = ProbabilityOf(sites[i], visitWeights);
            }

            // Only here does the worth change: where one more basket is covered, and where one more would be missing elsewhere.
            const int OnStack = 80; // a member's model has 24 steps at most
            var steps = baskets.Steps;
            var most = (3 * steps.Length) + 1;
            var amounts = most <= OnStack ? stackalloc long[OnStack] : new long[most];
            var count = 0;
            foreach (var step in steps)
            {
                if (step <= _wallet)
                {
                    (amounts[count], amounts[count + 1]) = (step, _wallet - step);
                    count += 2;
                }

                if (_floorWorth > 0 && step - _floor is > 0 and var missing && missing <= _wallet)
                {
                    amounts[count++] = missing;
                }
            }

            amounts[count++] = _wallet;
            amounts = amounts[..count];
            amounts.Sort();
            _points = new (long, long, int, int)[count];
            for (var i = 0; i < count; i++)
            {
                _points[i] = (amounts[i], Depth(amounts[i]), Covered(amounts[i]), _withinWallet - baskets.Within(_wallet - amounts[i]));
            }
        }

        public long At(int site, long amount) => At(site, Depth(amount), Covered(amount), _withinWallet - _baskets.Within(_wallet - amount));

        public Step BestStep(int site, long from, long left, Site facts)
        {
            var best = default(Step);
            if (!facts.MayGain && from >= facts.HeldMinor)
            {
                return best;
            }

            var worthNow = At(site, from);
            var most = facts.MayGain ? left : Math.Min(left, facts.HeldMinor - from);
            foreach (var (amount, depth, covered, stranded) in _points)
            {
                var cost = amount - from;
                if (cost <= 0)
                {
                    continue;
                }

                if (cost > most)
                {
                    break;
                }

                Compare(new Step(At(site, depth, covered, stranded) - worthNow, cost));
            }

            if (most > 0)
            {
                Compare(new Step(At(site, from + most) - worthNow, most)); // all that is left
            }

            return best;

            void Compare(Step step) => best = step.Gain > 0 && (best.Gain == 0 || step.IsBetterThan(best)) ? step : best;
        }

        // In thousandths of a part of the baskets' total.
        private int Covered(long amount) => _floorWorth == 0 ? 1000 * _baskets.Within(amount) : ((1000 - _floorWorth) * _baskets.Within(amount)) + (_floorWorth * _baskets.Within(amount > long.MaxValue - _floor ? long.MaxValue : amount + _floor));

        private long Depth(long amount) => (long)((Int128)amount * _baskets.Total * DepthPermille / _wallet);

        private long At(int site, long depth, int covered, int stranded) =>
            (_probability[site] * (covered + depth)) - (_strandedPermille * (Sure - _probability[site]) * stranded);
    }
}
