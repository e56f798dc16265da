using SyncHub.Storage;

namespace SyncHub.Verify;

/// <summary>What a member owes, as the events add it up: the audit's own arithmetic of protocol.md 1.13.</summary>
internal sealed class CreditFold
{
    /// <summary>O(m).</summary>
    public Int128 Limit { get; set; }

    /// <summary>Credit that was spent and not settled.</summary>
    public Int128 Used { get; set; }

    /// <summary>Voided top-ups that had been spent.</summary>
    public Int128 Owed { get; set; }

    /// <summary>All that free principal settled.</summary>
    public Int128 Settled { get; set; }

    /// <summary>By store: advanced without a right, and settled of it.</summary>
    public Dictionary<ProducerId, (Int128 Advanced, Int128 Settled)> Floor { get; } = [];

    public Int128 Receivable
    {
        get
        {
            var sum = Used + Owed;
            foreach (var (advanced, settled) in Floor.Values)
            {
                sum += advanced - settled;
            }

            return sum;
        }
    }

    public Int128 OpenAt(ProducerId holder) => Floor.TryGetValue(holder, out var line) ? line.Advanced - line.Settled : 0;

    public void Advance(ProducerId holder, Int128 amount)
    {
        var line = Floor.GetValueOrDefault(holder);
        Floor[holder] = (line.Advanced + amount, line.Settled);
    }

    /// <summary>Takes an amount, at most the receivable, off it: the given store's advances, the others' in order, voided top-ups, used credit.</summary>
    /// <returns>The credit that is free again.</returns>
    public Int128 Settle(Int128 amount, ProducerId? first)
    {
        var order = Floor.Keys.OrderBy(holder => holder == first ? 0 : 1).ThenBy(holder => holder.Store).ThenBy(holder => holder.Incarnation).ToArray();
        foreach (var holder in order)
        {
            var part = Int128.Min(amount, OpenAt(holder));
            Floor[holder] = (Floor[holder].Advanced, Floor[holder].Settled + part);
            amount -= part;
        }

        var owed = Int128.Min(amount, Owed);
        Owed -= owed;
        Used -= amount - owed;
        return amount - owed;
    }
}
