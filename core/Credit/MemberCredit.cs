using SyncHub.Core.Primitives;

namespace SyncHub.Core.Credit;

/// <summary>What one store advanced to one member without a right, and what of it was settled; both only grow.</summary>
public readonly record struct FloorLine(long AdvancedMinor, long SettledMinor)
{
    /// <summary>What the member still owes of it.</summary>
    public long OutstandingMinor => checked(AdvancedMinor - SettledMinor);
}

/// <summary>What a member owes the chain (the receivable), and how much credit HQ allows.</summary>
/// <remarks>
/// protocol.md 1.13: used credit is at most the limit that was in force, because it is spent from rights to the bucket CREDIT; what a store
/// advances without a right is at most min(f, Phi). Owned by one member's state; not thread-safe.
/// </remarks>
public sealed class MemberCredit
{
    /// <summary>O(m): what HQ allows now. Credit that stores hold or that is used may exceed it after it was lowered, and shrinks as it comes back.</summary>
    public long LimitMinor { get; set; }

    /// <summary>Credit that was spent and not settled.</summary>
    public long UsedMinor { get; set; }

    /// <summary>Top-ups that were voided after they had been spent.</summary>
    public long OwedMinor { get; set; }

    /// <summary>All that the hub settled from free principal; cumulative.</summary>
    public long SettledMinor { get; set; }

    /// <summary>What stores advanced without a right, by holder.</summary>
    public SortedDictionary<Holder, FloorLine> Floor { get; } = [];

    /// <summary>What the member owes in all.</summary>
    public long ReceivableMinor => checked(UsedMinor + OwedMinor + (Floor.Count == 0 ? 0 : Floor.Values.Sum(line => line.OutstandingMinor)));

    /// <summary>The floor line of a holder; zeros where there is none.</summary>
    public FloorLine FloorOf(Holder holder) => Floor.Count == 0 ? default : Floor.GetValueOrDefault(holder);

    /// <summary>Takes <paramref name="amount"/>, at most the receivable, off it: the store's own advances, other stores' in order, voided top-ups, then used credit.</summary>
    /// <returns>How much credit is free again.</returns>
    public long Settle(long amount, Holder? first)
    {
        if (first is { } holder)
        {
            amount -= SettleFloor(holder, amount);
        }

        foreach (var other in Floor.Keys.ToArray())
        {
            amount -= SettleFloor(other, amount);
        }

        var owed = Math.Min(amount, OwedMinor);
        OwedMinor -= owed;
        var used = amount - owed;
        UsedMinor -= used;
        return used;
    }

    /// <summary>What is broken here in words, or null.</summary>
    public string? FindBreach() =>
        UsedMinor < 0 || OwedMinor < 0 || LimitMinor < 0 || (Floor.Count > 0 && Floor.Values.Any(line => line.OutstandingMinor < 0)) ? $"I15: credit used {UsedMinor}, owed {OwedMinor}, limit {LimitMinor}, floor {string.Join(", ", Floor.Values)}" : null;

    private long SettleFloor(Holder holder, long amount)
    {
        var line = FloorOf(holder);
        var settled = Math.Min(amount, line.OutstandingMinor);
        if (settled > 0)
        {
            Floor[holder] = line with { SettledMinor = checked(line.SettledMinor + settled) };
        }

        return settled;
    }
}
