using SyncHub.Storage;
using SyncHub.V1;

namespace SyncHub.Verify;

/// <summary>One bucket of a member as the events add it up: the audit's own arithmetic of protocol.md 1.2 and 1.8.</summary>
internal sealed class BucketFold
{
    /// <summary>P.</summary>
    public Int128 Pool { get; private set; }

    public Int128 Credited { get; private set; }

    public Int128 Debited { get; private set; }

    /// <summary>What stores bore.</summary>
    public Int128 Loss { get; private set; }

    public Int128 Unbacked { get; private set; }

    /// <summary>What expired unspent.</summary>
    public Int128 Breakage { get; private set; }

    /// <summary>What came from other members by merge.</summary>
    public Int128 MovedIn { get; private set; }

    /// <summary>What went to other members by merge.</summary>
    public Int128 MovedOut { get; private set; }

    public Dictionary<ProducerId, LineFold> Lines { get; } = [];

    /// <summary>How low the pool may be: below zero only where a heal took it there, and never lower by anything else.</summary>
    public Int128 LowestPool { get; private set; }

    /// <summary>W.</summary>
    public Int128 Total => Credited - Debited + Loss - Breakage + MovedIn - MovedOut;

    /// <summary>Whether a negative amount was reported already; what follows from it is not reported again.</summary>
    public bool IsReported { get; set; }

    /// <summary>G of a line, zero where there is none.</summary>
    public Int128 GrantedTo(ProducerId holder) => Lines.TryGetValue(holder, out var line) ? line.Granted : 0;

    /// <summary>Whether a life of a store, or a later one, holds anything.</summary>
    public bool IsHeldFrom(ProducerId life) => Lines.Any(line => line.Value.Outstanding > 0 && line.Key.Store == life.Store && line.Key.Incarnation >= life.Incarnation);

    /// <summary>Sets G of a line; what it grows by leaves the pool.</summary>
    public void Grant(ProducerId holder, Int128 granted)
    {
        var line = LineOf(holder);
        var delta = granted - line.Granted;
        line.Granted = granted;
        line.Outstanding += delta;
        Pool -= delta;
    }

    /// <summary>Sets G of a line as its store proved it; the pool may lack what a restored hub has not heard yet.</summary>
    public void Heal(ProducerId holder, Int128 granted)
    {
        Grant(holder, granted);
        LowestPool = Int128.Min(LowestPool, Pool);
    }

    /// <summary>After a record: what the pool has regained it may not lack again.</summary>
    public void SettlePool() => LowestPool = Int128.Min(0, Pool);

    /// <summary>Takes what a line holds back to the pool: handed back by a life whose log is whole, or disowned.</summary>
    public void Release(ProducerId holder, Int128 amount, bool isDisowned, string payer)
    {
        var line = LineOf(holder);
        line.Outstanding -= amount;
        line.Disowned += isDisowned ? amount : 0;
        line.Relinquished += isDisowned ? 0 : amount;
        line.Payer = payer;
        Pool += amount;
    }

    /// <summary>The account that bears the losses of a line; empty: the store's own.</summary>
    public string PayerOf(ProducerId holder) => Lines.TryGetValue(holder, out var line) ? line.Payer : "";

    /// <summary>Sets the breakage; what it grows by leaves the pool.</summary>
    public void Break(Int128 breakage)
    {
        Pool -= breakage - Breakage;
        Breakage = breakage;
    }

    /// <summary>Value came from another member (positive) or went to one (negative); it is free at the hub.</summary>
    public void Transfer(Int128 amount)
    {
        Pool += amount;
        MovedIn += Int128.Max(0, amount);
        MovedOut += Int128.Max(0, -amount);
    }

    /// <summary>Value that comes to the pool by the hub's own doing.</summary>
    public void Free(Int128 amount)
    {
        Credited += amount;
        Pool += amount;
    }

    /// <summary>What the pool lacks is borne by the chain.</summary>
    public void Bear(Int128 amount)
    {
        Loss += amount;
        Pool += amount;
    }

    /// <summary>Value that leaves the pool because it settles a debt.</summary>
    public void Pay(Int128 amount)
    {
        Debited += amount;
        Pool -= amount;
    }

    /// <summary>Applies a move.</summary>
    /// <returns>The part that the store bears.</returns>
    public Int128 Move(ProducerId holder, MoveKind kind, Int128 amount)
    {
        var line = LineOf(holder);
        switch (kind)
        {
            case MoveKind.Credit:
                line.Credited += amount;
                line.Outstanding += amount;
                Credited += amount;
                return 0;
            case MoveKind.Debit:
                return Debit(line, amount);
            default:
                Relinquish(line, amount);
                return 0;
        }
    }

    private Int128 Debit(LineFold line, Int128 amount)
    {
        // Backed rights, then the free pool, then the store; what a reclaim had disowned explains itself.
        var backed = Int128.Min(amount, line.Outstanding);
        var rest = amount - backed;
        var fromPool = Int128.Clamp(Pool, 0, rest);
        var disowned = Int128.Min(rest, line.Disowned);
        line.Debited += amount;
        line.Outstanding -= backed;
        line.Disowned -= disowned;
        line.Unbacked += rest - disowned;
        Unbacked += rest - disowned;
        Pool -= fromPool;
        Debited += amount;
        Loss += rest - fromPool;
        return rest - fromPool;
    }

    private void Relinquish(LineFold line, Int128 amount)
    {
        var disowned = Int128.Min(amount, line.Disowned);
        var backed = Int128.Min(amount - disowned, line.Outstanding);
        var unbacked = amount - disowned - backed;
        line.Relinquished += amount;
        line.Disowned -= disowned;
        line.Outstanding -= backed;
        line.Unbacked += unbacked;
        Unbacked += unbacked;
        Pool += backed;
    }

    private LineFold LineOf(ProducerId holder)
    {
        if (!Lines.TryGetValue(holder, out var line))
        {
            Lines.Add(holder, line = new LineFold());
        }

        return line;
    }
}
