using SyncHub.Demo.Traces;

namespace SyncHub.Demo.Outages;

/// <summary>What goes wrong when, decided before the run by trace and seed alone.</summary>
/// <remarks>
/// Only stores with receipts take part. The trace is divided into <see cref="Slots"/> equal stretches; a piece is one stretch at one store, and the asked share of
/// all pieces loses its network. Up to half of them go in pairs of stores whose members visit both in that very stretch, since
/// that is where two stores without network could spend the same money twice. The rest is spread over the stores by chance.
/// </remarks>
public sealed class Schedule
{
    /// <summary>Stretches of a trace: short enough for several in a run, long enough that a store lives through one.</summary>
    public const int Slots = 25;

    private const int AgentKillPercent = 40;
    private const int HubKillPercent = 65;
    private const int FirstUpgradePercent = 15;
    private const int LastUpgradePercent = 60;
    private const int HubUpgradePercent = 85; // of the hub that led after the first one was killed
    private const int SoonRows = 20;

    private Schedule(IReadOnlyList<Outage> outages, IReadOnlyList<Mishap> mishaps, int pairs)
    {
        Outages = outages;
        Mishaps = mishaps;
        Pairs = pairs;
    }

    /// <summary>Stretches without network, by store and row; those of one store never touch.</summary>
    public IReadOnlyList<Outage> Outages { get; }

    /// <summary>Everything that goes wrong, by row.</summary>
    public IReadOnlyList<Mishap> Mishaps { get; }

    /// <summary>How many times two stores lose their network together while members visit both.</summary>
    public int Pairs { get; }

    /// <summary>Plans a run.</summary>
    /// <param name="rows">The receipts in order.</param>
    /// <param name="map">Which store each belongs to.</param>
    /// <param name="stores">How many stores there are.</param>
    /// <param name="outagePercent">Share of store-time without network.</param>
    /// <param name="seed">Decides what is left to chance.</param>
    /// <param name="upgrades">Whether a newer program takes the place of an older one meanwhile, at every second store and at the hubs.</param>
    public static Schedule Plan(IReadOnlyList<TraceRow> rows, StoreMap map, int stores, int outagePercent, ulong seed, bool upgrades = false)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(map);
        var random = new SplitMix64(seed);
        var used = rows.Select(row => map[row.Store]).Distinct().Order().ToArray(); // an outage where nobody shops shows nothing
        var wanted = outagePercent == 0 ? 0 : Math.Max(1, ((Slots * used.Length * outagePercent) + 50) / 100);
        var pieces = new HashSet<(int Slot, int Store)>();
        var pairs = 0;
        foreach (var pair in SharedMembers.Find(rows, map, stores))
        {
            // Two stores at a time: a slot that has a pair is full, so that the others show what a healthy chain does meanwhile.
            if (pair.Slot > 0 && (2 * (pairs + 1)) <= Math.Max(2, wanted / 2) && wanted >= 2 && !pieces.Any(piece => piece.Slot == pair.Slot))
            {
                pieces.Add((pair.Slot, pair.First));
                pieces.Add((pair.Slot, pair.Second));
                pairs++;
            }
        }

        Fill(pieces, wanted, used, random);
        var outages = Join(pieces, rows.Count, stores);
        var mishaps = Order(outages, rows, map, random);
        return new Schedule(outages, upgrades ? [.. mishaps.Concat(Upgrades(rows.Count, stores)).OrderBy(mishap => mishap.Row)] : mishaps, pairs);
    }

    private static void Fill(HashSet<(int Slot, int Store)> pieces, int wanted, int[] used, SplitMix64 random)
    {
        var free = (from slot in Enumerable.Range(0, Slots) from store in used where !pieces.Contains((slot, store)) select (slot, store)).ToList();
        random.Shuffle(free);
        var taken = used.ToDictionary(store => store, store => pieces.Count(piece => piece.Store == store));

        while (pieces.Count < wanted)
        {
            // Stores that had the least so far come first, so that every store loses its network before one does a second time.
            // The first stretch comes last: there members are only getting to know the chain.
            var next = free.MinBy(piece => ((piece.slot == 0 ? 1 : 0) * Slots) + taken[piece.store]);
            free.Remove(next);
            taken[next.store]++;
            pieces.Add(next);
        }
    }

    private static List<Outage> Join(HashSet<(int Slot, int Store)> pieces, int rows, int stores)
    {
        var outages = new List<Outage>();
        for (var store = 0; store < stores; store++)
        {
            for (var slot = 0; slot < Slots; slot++)
            {
                var first = slot;
                while (slot < Slots && pieces.Contains((slot, store)))
                {
                    slot++;
                }

                if (slot > first && StartOf(slot, rows) > StartOf(first, rows))
                {
                    outages.Add(new Outage(store, StartOf(first, rows), StartOf(slot, rows)));
                }
            }
        }

        return outages;
    }

    private static List<Mishap> Order(List<Outage> outages, IReadOnlyList<TraceRow> rows, StoreMap map, SplitMix64 random)
    {
        var agentKill = RowAt(AgentKillPercent, rows.Count);
        // A store that is about to serve someone: killing one that nobody visits proves nothing.
        var victim = map[rows[agentKill + random.Below(Math.Min(SoonRows, rows.Count - agentKill))].Store];
        var mishaps = new List<Mishap>
        {
            new(agentKill, MishapKind.KillAgent, victim),
            new(RowAt(HubKillPercent, rows.Count), MishapKind.KillHub, 0),
        };
        foreach (var outage in outages)
        {
            mishaps.Add(new Mishap(outage.FromRow, random.Percent(50) ? MishapKind.CutRefusing : MishapKind.CutSilent, outage.Store));
            mishaps.Add(new Mishap(outage.ToRow, MishapKind.Heal, outage.Store));
        }

        return [.. mishaps.OrderBy(mishap => mishap.Row)];
    }

    // One store after the other; the rest are of the older program to the end, because a chain is never upgraded all at once.
    private static IEnumerable<Mishap> Upgrades(int rows, int stores)
    {
        for (var store = 0; store < stores; store += 2)
        {
            yield return new Mishap(RowAt(FirstUpgradePercent + ((LastUpgradePercent - FirstUpgradePercent) * store / stores), rows), MishapKind.UpgradeAgent, store);
        }

        yield return new Mishap(RowAt(HubUpgradePercent, rows), MishapKind.UpgradeHub, 0);
    }

    private static int RowAt(int percent, int rows) => (int)((long)rows * percent / 100);

    internal static int StartOf(int slot, int rows) => (int)((long)rows * slot / Slots);
}
