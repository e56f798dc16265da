using SyncHub.Core.Primitives;

namespace SyncHub.Core.Rights;

/// <summary>A right line as the hub sees it: what was granted to one holder and what of its log has been ingested (protocol.md 1.2).</summary>
/// <remarks>A + F = G + C - D - R, always, while nobody uses rights that nobody backs. Owned by one member's state; not thread-safe.</remarks>
public sealed class HubLine(Holder holder)
{
    /// <summary>Whose line.</summary>
    public Holder Holder { get; } = holder;

    /// <summary>G: granted, committed.</summary>
    public long Granted { get; set; }

    /// <summary>C: credits ingested.</summary>
    public long Credited { get; set; }

    /// <summary>D: debits ingested.</summary>
    public long Debited { get; set; }

    /// <summary>R: relinquishments ingested.</summary>
    public long Relinquished { get; set; }

    /// <summary>F: disowned by a force-reclaim.</summary>
    public long Disowned { get; set; }

    /// <summary>A: backed by the wallet and, for all the hub knows, not used yet.</summary>
    public long Outstanding { get; set; }

    /// <summary>The account that bears what a reclaim of this line turns out to miss; empty = the store's own.</summary>
    public string Payer { get; set; } = "";

    /// <summary>Whether A + F = G + C - D - R.</summary>
    public bool IsBalanced => checked(Outstanding + Disowned == Granted + Credited - Debited - Relinquished);
}
