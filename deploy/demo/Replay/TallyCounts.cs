namespace SyncHub.Demo.Replay;

/// <summary>What was counted at the tills up to one moment.</summary>
public sealed record TallyCounts
{
    /// <summary>Rows of the trace that are over.</summary>
    public int RowsDone { get; init; }

    /// <summary>Ops that tills gave a receipt for.</summary>
    public int Ops { get; init; }

    /// <summary>Members registered.</summary>
    public int MembersRegistered { get; init; }

    /// <summary>Sales that members wanted to pay from their wallets.</summary>
    public int SalesOffered { get; init; }

    /// <summary>Those that a till took.</summary>
    public int SalesAccepted { get; init; }

    /// <summary>Those offered at a store that had no hub.</summary>
    public int SalesOfflineOffered { get; init; }

    /// <summary>Those taken at a store that had no hub.</summary>
    public int SalesOfflineAccepted { get; init; }

    /// <summary>Offline sales offered while the store's own network was gone; at the others the hub was.</summary>
    public int SalesCutOffered { get; init; }

    /// <summary>Those taken.</summary>
    public int SalesCutAccepted { get; init; }

    /// <summary>Those offered at a store that had the hub, and refused.</summary>
    public int SalesOnlineDeclined => SalesOffered - SalesOfflineOffered - (SalesAccepted - SalesOfflineAccepted);

    /// <summary>Those refused while every store had the hub, as far as was known: not explained by any outage.</summary>
    public int SalesDeclinedByWholeChain { get; init; }

    /// <summary>Sales for which another store gave up rights while the member waited.</summary>
    public int SalesByLiveRevoke { get; init; }

    /// <summary>All bills, minor units.</summary>
    public long BilledMinor { get; init; }

    /// <summary>What wallets paid of them, minor units.</summary>
    public long PaidMinor { get; init; }

    /// <summary>Top-ups.</summary>
    public int TopUps { get; init; }

    /// <summary>Cash taken for them, minor units.</summary>
    public long TopUpMinor { get; init; }

    /// <summary>Bonus given for them, minor units.</summary>
    public long BonusMinor { get; init; }

    /// <summary>Refund rows of the trace.</summary>
    public int RefundsOffered { get; init; }

    /// <summary>Those given back to wallets.</summary>
    public int RefundsAccepted { get; init; }

    /// <summary>Those without an earlier sale from the wallet there.</summary>
    public int RefundsSkipped { get; init; }

    /// <summary>Calls made again with the same request id because no answer came.</summary>
    public int Retries { get; init; }

    /// <summary>Sales refused at stores without a hub.</summary>
    public IReadOnlyDictionary<string, int> OfflineDeclinedByReason { get; init; } = new SortedDictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Sales refused at stores with the hub.</summary>
    public IReadOnlyDictionary<string, int> OnlineDeclinedByReason { get; init; } = new SortedDictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Refusals of anything but sales.</summary>
    public IReadOnlyDictionary<string, int> OtherRefusals { get; init; } = new SortedDictionary<string, int>(StringComparer.Ordinal);
}
