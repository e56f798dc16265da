using SyncHub.Storage.Audit;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>Check 7: every record balances, books what the rules say, and the balance table is the sum of the records.</summary>
internal sealed class AccountCheck
{
    private readonly HubLog _hub;
    private readonly FindingLog _findings;
    private readonly IReadOnlyList<BalanceRow> _balances;
    private readonly string _currency;
    private readonly Dictionary<(string Account, string Asset), Int128> _sums = [];

    public AccountCheck(HubLog hub, FindingLog findings, string? currency, IReadOnlyList<BalanceRow> balances)
    {
        (_hub, _findings, _balances) = (hub, findings, balances);
        _currency = currency ?? balances.Select(row => row.Asset).FirstOrDefault(asset => asset != Booking.Points, "");
    }

    /// <summary>What all records book.</summary>
    public IReadOnlyDictionary<(string Account, string Asset), Int128> Sums => _sums;

    /// <summary>Takes a record's entries into the sums, whatever they are.</summary>
    public void Count(string name, IEnumerable<LedgerEntry> entries)
    {
        var perAsset = new Dictionary<(string, string Asset), Int128>();
        foreach (var entry in entries)
        {
            Booking.Add(_sums, entry.Account, entry.Asset, entry.AmountMinor);
            Booking.Add(perAsset, "", entry.Asset, entry.AmountMinor);
        }

        foreach (var ((_, asset), sum) in perAsset)
        {
            _hub.ImbalanceMinor += Int128.Abs(sum);
            _findings.Add(FindingCodes.EntriesUnbalanced, $"{name}: its entries in {asset} sum to {sum}; expected 0");
        }
    }

    /// <summary>Compares a record's entries with those that the op must have.</summary>
    public void Compare(string name, OpEnvelope op, long store, OpEffect effect, OpAppliedEvent applied) =>
        Compare(name, Booking.Expected(op, store, _currency, effect), applied.Entries);

    /// <summary>Compares the entries of an event of the hub's own: so much from one account to another.</summary>
    public void Compare(string name, string debit, string credit, Int128 amount, IEnumerable<LedgerEntry> entries, string? asset = null)
    {
        var expected = new Dictionary<(string Account, string Asset), Int128>();
        Booking.Add(expected, debit, asset ?? _currency, amount);
        Booking.Add(expected, credit, asset ?? _currency, -amount);
        Compare(name, expected, entries);
    }

    /// <summary>Compares the entries of a transfer between members with those that it must have.</summary>
    public void Compare(string name, IEnumerable<(BucketKind Kind, Int128 Amount)> moved, IEnumerable<LedgerEntry> entries) => Compare(name, Booking.OfTransfer(moved, _currency), entries);

    private void Compare(string name, Dictionary<(string Account, string Asset), Int128> expected, IEnumerable<LedgerEntry> entries)
    {
        var found = new Dictionary<(string Account, string Asset), Int128>();
        foreach (var entry in entries)
        {
            Booking.Add(found, entry.Account, entry.Asset, entry.AmountMinor);
        }

        foreach (var key in expected.Keys.Union(found.Keys).Order())
        {
            var (should, does) = (expected.GetValueOrDefault(key), found.GetValueOrDefault(key));
            if (should != does)
            {
                _findings.Add(FindingCodes.EntriesDiffer, $"{name}: books {does} {key.Asset} on {key.Account}; expected {should}");
            }
        }
    }

    /// <summary>Compares the balance table with the records and with the members' wallets.</summary>
    public void CheckTotals()
    {
        var table = new Dictionary<(string Account, string Asset), Int128>();
        var perAsset = new Dictionary<(string, string Asset), Int128>();
        foreach (var row in _balances)
        {
            Booking.Add(table, row.Account, row.Asset, row.AmountMinor);
            Booking.Add(perAsset, "", row.Asset, row.AmountMinor);
        }

        foreach (var ((_, asset), sum) in perAsset)
        {
            _hub.ImbalanceMinor += Int128.Abs(sum);
            _findings.Add(FindingCodes.BalancesUnbalanced, $"all balances in {asset} sum to {sum}; expected 0");
        }

        foreach (var key in table.Keys.Union(_sums.Keys).Order())
        {
            var (should, does) = (_sums.GetValueOrDefault(key), table.GetValueOrDefault(key));
            if (should != does)
            {
                _findings.Add(FindingCodes.BalanceDiffers, $"account {key.Account} in {key.Asset} has balance {does}; its entries sum to {should}");
            }
        }

        CheckControl(table, Booking.WalletPrincipal, _currency, BucketKind.Principal);
        CheckControl(table, Booking.WalletBonus, _currency, BucketKind.Lot);
        CheckControl(table, Booking.WalletPending, _currency, BucketKind.Pending);
        CheckReceivable(table);
        CheckControl(table, Booking.WalletPoints, Booking.Points, BucketKind.Points);
    }

    private void CheckReceivable(Dictionary<(string Account, string Asset), Int128> table)
    {
        Int128 owed = 0;
        foreach (var member in _hub.Members.Values)
        {
            owed += member.Credit.Receivable;
        }

        var balance = table.GetValueOrDefault((Booking.Receivable, _currency));
        if (balance != owed)
        {
            _findings.Add(FindingCodes.ControlDiffers, $"account {Booking.Receivable} has balance {balance} {_currency}, but members owe {owed}");
        }
    }

    private void CheckControl(Dictionary<(string Account, string Asset), Int128> table, string account, string asset, BucketKind kind)
    {
        Int128 owned = 0;
        foreach (var member in _hub.Members.Values)
        {
            owned += member.TotalOf(kind);
        }

        var balance = table.GetValueOrDefault((account, asset));
        if (balance != -owned)
        {
            _findings.Add(FindingCodes.ControlDiffers, $"account {account} has balance {balance} {asset}, but members own {owned}; expected {-owned}");
        }
    }
}
