using SyncHub.Core.Primitives;
using SyncHub.Core.Rights;
using SyncHub.Core.Wallets;

namespace SyncHub.Core.Members;

/// <summary>One bucket of a member at the hub: what is free, and who holds the rest.</summary>
/// <remarks>Pool + sum of Outstanding = Credited - Debited + Loss - Breakage + MovedIn - MovedOut (I3). Owned by one member's state; not thread-safe.</remarks>
public sealed class BucketState(Bucket bucket)
{
    /// <summary>Which bucket.</summary>
    public Bucket Bucket { get; } = bucket;

    /// <summary>P: free at the hub.</summary>
    public long Pool { get; set; }

    /// <summary>All credits ingested.</summary>
    public long Credited { get; set; }

    /// <summary>All debits ingested.</summary>
    public long Debited { get; set; }

    /// <summary>What stores bore because the wallet could not.</summary>
    public long Loss { get; set; }

    /// <summary>What left the bucket unspent: the free part of an expired lot, or of a credit limit that was lowered.</summary>
    public long Breakage { get; set; }

    /// <summary>Uses of rights that nobody backed and no reclaim explains (I5); above zero only after amnesia or a clone.</summary>
    public long Unbacked { get; set; }

    /// <summary>What came from other members by merge.</summary>
    public long MovedIn { get; set; }

    /// <summary>What went to other members by merge.</summary>
    public long MovedOut { get; set; }

    /// <summary>The lines, ordered by holder.</summary>
    public List<HubLine> Lines { get; } = [];

    /// <summary>W: what the member owns in this bucket.</summary>
    public long Total => checked(Credited - Debited + Loss - Breakage + MovedIn - MovedOut);

    /// <summary>The line of a holder, or null.</summary>
    public HubLine? Find(Holder holder)
    {
        foreach (var line in Lines)
        {
            if (line.Holder == holder)
            {
                return line;
            }
        }

        return null;
    }

    /// <summary>The line of a holder, made where there is none.</summary>
    public HubLine LineOf(Holder holder)
    {
        var index = 0;
        for (; index < Lines.Count; index++)
        {
            var order = Lines[index].Holder.CompareTo(holder);
            if (order == 0)
            {
                return Lines[index];
            }

            if (order > 0)
            {
                break;
            }
        }

        var line = new HubLine(holder);
        Lines.Insert(index, line);
        return line;
    }

    /// <summary>What is broken here in words, or null: I2, I3, I4 and the balance of every line.</summary>
    /// <param name="mayOwe">Whether the pool may be negative for now: a restored hub that has not heard every store.</param>
    public string? FindBreach(bool mayOwe = false)
    {
        long held = 0;
        foreach (var line in Lines)
        {
            if (line.Outstanding < 0 || line.Disowned < 0)
            {
                return $"I2: line {line.Holder} of {Bucket} has A = {line.Outstanding}, F = {line.Disowned}";
            }

            held = checked(held + line.Outstanding);
        }

        return Pool < 0 && !mayOwe ? $"I2: the pool of {Bucket} is {Pool}"
            : Total < 0 && !mayOwe ? $"I4: {Bucket} is {Total}"
            : checked(Pool + held) != Total ? $"I3: {Bucket} has pool {Pool} + held {held}, but {Total} in the wallet"
            : null;
    }
}
