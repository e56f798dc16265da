using SyncHub.Core.Primitives;

namespace SyncHub.Core.Ledger;

/// <summary>What a ledger transaction comes to while it is built: one sum per account and asset, ordered by account, then asset.</summary>
/// <remarks>A handful of entries in one list: each op makes one of these. Not thread-safe.</remarks>
internal readonly struct LedgerSums(int expected)
{
    private readonly List<LedgerEntry> _sums = new(expected);

    /// <summary>Adds to a sum.</summary>
    public void Add(string account, Asset asset, long amountMinor)
    {
        if (amountMinor == 0)
        {
            return;
        }

        var at = 0;
        for (; at < _sums.Count; at++)
        {
            var known = _sums[at];
            var order = string.CompareOrdinal(known.Account, account);
            order = order != 0 ? order : string.CompareOrdinal(known.Asset.Code, asset.Code);
            if (order == 0)
            {
                _sums[at] = known with { AmountMinor = checked(known.AmountMinor + amountMinor) };
                return;
            }

            if (order > 0)
            {
                break;
            }
        }

        _sums.Insert(at, new LedgerEntry(account, asset, amountMinor));
    }

    /// <summary>The sums that are not zero.</summary>
    public LedgerEntry[] ToEntries()
    {
        _sums.RemoveAll(static entry => entry.AmountMinor == 0);
        return [.. _sums];
    }

    /// <summary>I3: an asset in which entries do not sum to zero, or null.</summary>
    public static Asset? FindUnbalanced(LedgerEntry[] entries)
    {
        foreach (var asset in entries)
        {
            long sum = 0;
            foreach (var entry in entries)
            {
                sum = checked(sum + (entry.Asset == asset.Asset ? entry.AmountMinor : 0));
            }

            if (sum != 0)
            {
                return asset.Asset;
            }
        }

        return null;
    }
}
