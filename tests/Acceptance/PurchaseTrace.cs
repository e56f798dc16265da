using SyncHub.Demo.Traces;

namespace SyncHub.Acceptance;

/// <summary>The purchases of a trace in the order of time, and what the reload rule and the floor need to know of them.</summary>
public sealed class PurchaseTrace
{
    // As in the model that the aims come from: what a member brings when the wallet is too small.
    private const int ReloadMedians = 5;
    private const int FloorPercentile = 75;

    private readonly long[] _medians;

    /// <summary>A trace of these purchases.</summary>
    public PurchaseTrace(string name, IEnumerable<Purchase> purchases)
    {
        Name = name;
        Purchases = [.. purchases.OrderBy(purchase => purchase.AtMs)]; // stable
        Stores = Purchases.Count == 0 ? 0 : Purchases.Max(purchase => purchase.Store) + 1;
        _medians = new long[Purchases.Count == 0 ? 0 : Purchases.Max(purchase => purchase.Member) + 1];
        foreach (var member in Purchases.GroupBy(purchase => purchase.Member))
        {
            _medians[member.Key] = Quantile([.. member.Select(purchase => purchase.AmountMinor)], 50);
        }

        FloorMinor = Purchases.Count == 0 ? 0 : Quantile([.. Purchases.Select(purchase => purchase.AmountMinor)], FloorPercentile);
    }

    /// <summary>For people.</summary>
    public string Name { get; }

    /// <summary>The purchases.</summary>
    public IReadOnlyList<Purchase> Purchases { get; }

    /// <summary>How many stores there are.</summary>
    public int Stores { get; }

    /// <summary>How many members there are.</summary>
    public int Members => _medians.Length;

    /// <summary>The floor where there is one: the 75th percentile of receipts, minor units.</summary>
    public long FloorMinor { get; }

    /// <summary>The cash that a member brings who has <paramref name="walletMinor"/> and wants to buy for <paramref name="amountMinor"/>: the shortfall and five median purchases.</summary>
    public long ReloadMinor(int member, long walletMinor, long amountMinor) => amountMinor - walletMinor + (ReloadMedians * _medians[member]);

    /// <summary>Reads a file or makes a named trace; refunds and rows without member or store are left out.</summary>
    public static PurchaseTrace Open(AcceptanceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var trace = SyntheticTraces.Find(options.Trace) ?? Read(options.Trace);
        var purchases = options.Receipts > 0 ? trace.Purchases.Take(options.Receipts) : trace.Purchases;
        return options.Stores == 0 && options.Receipts == 0 ? trace
            : new PurchaseTrace(trace.Name, purchases.Select(purchase => options.Stores == 0 ? purchase : purchase with { Store = purchase.Store % options.Stores }));
    }

    private static PurchaseTrace Read(string path)
    {
        var stores = new Dictionary<string, int>(StringComparer.Ordinal);
        var members = new Dictionary<string, int>(StringComparer.Ordinal);
        var purchases = new List<Purchase>();
        foreach (var row in TraceReader.Read(path).Rows.Where(row => row.AmountMinor > 0))
        {
            purchases.Add(new Purchase(row.At.ToUnixTimeMilliseconds(), IndexOf(stores, row.Store), IndexOf(members, row.Member), row.AmountMinor));
        }

        return new PurchaseTrace(Path.GetFileName(path), purchases);
    }

    private static int IndexOf(Dictionary<string, int> known, string name)
    {
        if (!known.TryGetValue(name, out var index))
        {
            known.Add(name, index = known.Count);
        }

        return index;
    }

    private static long Quantile(long[] amounts, int percent)
    {
        Array.Sort(amounts);
        return amounts[Math.Min(amounts.Length - 1, amounts.Length * percent / 100)];
    }
}
