namespace SyncHub.Demo.Traces;

/// <summary>Makes a trace of the shape of real ones: members with a home store, many small receipts and few large, some refunds,
/// and members who are seen in two stores within minutes.</summary>
/// <remarks>The same seed gives the same trace on every machine: integers only.</remarks>
public static class SyntheticTrace
{
    private const int Members = 1_500;
    private const int NamedStores = 24;
    private const int HomePercent = 78;      // at the home store
    private const int SecondPercent = 16;    // at the second store, e.g. near work; the rest anywhere
    private const int SoonElsewherePercent = 3;
    private const int RefundPercent = 1;
    private const int MeanSecondsBetween = 400; // a year has room for about 79,000 receipts at this rate

    private static readonly DateTimeOffset Start = new(2024, 1, 1, 8, 0, 0, TimeSpan.Zero);

    /// <summary>How many receipts a demo without a file gets: about a minute's worth.</summary>
    public const int DefaultReceipts = 40_000;

    /// <summary>Makes <paramref name="receipts"/> receipts.</summary>
    public static Trace Make(ulong seed, int receipts)
    {
        var random = new SplitMix64(seed);
        var homes = Enumerable.Range(0, Members).Select(_ => (First: random.Below(NamedStores), Second: random.Below(NamedStores))).ToArray();
        var soon = new PriorityQueue<(int Member, int Store), DateTimeOffset>();
        var paid = new Dictionary<(int Member, int Store), long>();
        var rows = new List<TraceRow>(receipts);
        var now = Start;
        while (rows.Count < receipts)
        {
            now += TimeSpan.FromSeconds(1 + random.Below(2 * MeanSecondsBetween));
            while (rows.Count < receipts && soon.TryPeek(out var visit, out var due) && due <= now)
            {
                soon.Dequeue();
                Add(due, visit.Member, visit.Store);
            }

            if (rows.Count < receipts)
            {
                var member = Weighted(random);
                var store = StoreOf(random, homes[member]);
                Add(now, member, store);
                if (random.Percent(SoonElsewherePercent))
                {
                    var elsewhere = (store + 1 + random.Below(NamedStores - 1)) % NamedStores;
                    soon.Enqueue((member, elsewhere), now + TimeSpan.FromMinutes(2 + random.Below(18)));
                }
            }
        }

        return new Trace { Source = $"synthetic (seed {seed})", Rows = rows };

        void Add(DateTimeOffset at, int member, int store)
        {
            var isRefund = paid.GetValueOrDefault((member, store)) > 0 && random.Percent(RefundPercent);
            var amount = isRefund ? -paid[(member, store)] : AmountOf(random);
            paid[(member, store)] = Math.Max(0, amount);
            rows.Add(new TraceRow(rows.Count + 2, at, $"S{store + 1:D2}", $"M{member + 1:D4}", amount)); // +2: as if line 1 were a header
        }
    }

    // The smaller of two draws: regulars come often, others rarely.
    private static int Weighted(SplitMix64 random) => Math.Min(random.Below(Members), random.Below(Members));

    private static int StoreOf(SplitMix64 random, (int First, int Second) home) => random.Below(100) switch
    {
        < HomePercent => home.First,
        < HomePercent + SecondPercent => home.Second,
        _ => random.Below(NamedStores),
    };

    // The cube of a draw: half of the receipts are below 25.00, one in a hundred is above 180.00.
    private static long AmountOf(SplitMix64 random)
    {
        long draw = 1 + random.Below(1_000);
        return 99 + (draw * draw * draw / 50_000) + random.Below(900);
    }
}
