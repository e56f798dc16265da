using SyncHub.V1;

namespace SyncHub.Demo.Replay;

/// <summary>Counts what happened at the tills. Safe for all threads; read it through <see cref="Read"/>.</summary>
public sealed class Tally
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, int> _offlineDeclined = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _onlineDeclined = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _otherRefusals = new(StringComparer.Ordinal);
    private readonly List<double> _onlineMs = [];
    private readonly List<double> _offlineMs = [];
    private TallyCounts _counts = new();

    /// <summary>A copy of the counts.</summary>
    public TallyCounts Read()
    {
        lock (_lock)
        {
            return _counts with
            {
                OfflineDeclinedByReason = new SortedDictionary<string, int>(_offlineDeclined, StringComparer.Ordinal),
                OnlineDeclinedByReason = new SortedDictionary<string, int>(_onlineDeclined, StringComparer.Ordinal),
                OtherRefusals = new SortedDictionary<string, int>(_otherRefusals, StringComparer.Ordinal),
            };
        }
    }

    /// <summary>How long sales took, in milliseconds, sorted.</summary>
    public (double[] Online, double[] Offline) ReadLatencies()
    {
        lock (_lock)
        {
            return ([.. _onlineMs.Order()], [.. _offlineMs.Order()]);
        }
    }

    /// <summary>A sale that a till took.</summary>
    /// <param name="billMinor">The bill.</param>
    /// <param name="receipt">The till's answer.</param>
    /// <param name="took">How long the till took; null where it was asked more than once.</param>
    /// <param name="isCut">Whether it was the store's own network that was gone, where it was offline.</param>
    public void Sold(long billMinor, Receipt receipt, TimeSpan? took, bool isCut)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        lock (_lock)
        {
            _counts = Offered(billMinor, receipt.WasOnline, isCut) with
            {
                SalesAccepted = _counts.SalesAccepted + 1,
                SalesOfflineAccepted = _counts.SalesOfflineAccepted + (receipt.WasOnline ? 0 : 1),
                SalesCutAccepted = _counts.SalesCutAccepted + (!receipt.WasOnline && isCut ? 1 : 0),
                PaidMinor = _counts.PaidMinor + receipt.PaidPrincipalMinor + receipt.PaidBonusMinor,
                SalesByLiveRevoke = _counts.SalesByLiveRevoke + (receipt.RevokedElsewhereMinor > 0 ? 1 : 0),
                Ops = _counts.Ops + 1,
            };
            if (took is { } time)
            {
                (receipt.WasOnline ? _onlineMs : _offlineMs).Add(time.TotalMilliseconds);
            }
        }
    }

    /// <summary>A sale that a till refused; the member pays in cash.</summary>
    /// <param name="billMinor">The bill.</param>
    /// <param name="wasOnline">Whether the store had the hub.</param>
    /// <param name="reason">Why.</param>
    /// <param name="isCut">Whether it was the store's own network that was gone, where it was offline.</param>
    /// <param name="isChainWhole">Whether all stores had it, so that nothing can have lain out of reach.</param>
    public void Declined(long billMinor, bool wasOnline, RejectionCode reason, bool isCut, bool isChainWhole)
    {
        lock (_lock)
        {
            _counts = Offered(billMinor, wasOnline, isCut) with { SalesDeclinedByWholeChain = _counts.SalesDeclinedByWholeChain + (wasOnline && isChainWhole ? 1 : 0) };
            Count(wasOnline ? _onlineDeclined : _offlineDeclined, reason.ToString());
        }
    }

    /// <summary>A top-up.</summary>
    public void ToppedUp(Receipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        lock (_lock)
        {
            _counts = _counts with
            {
                TopUps = _counts.TopUps + 1,
                TopUpMinor = _counts.TopUpMinor + receipt.ToppedUpMinor,
                BonusMinor = _counts.BonusMinor + receipt.BonusMinor,
                Ops = _counts.Ops + 1,
            };
        }
    }

    /// <summary>A member registered.</summary>
    public void Registered()
    {
        lock (_lock)
        {
            _counts = _counts with { MembersRegistered = _counts.MembersRegistered + 1, Ops = _counts.Ops + 1 };
        }
    }

    /// <summary>A refund that a till took.</summary>
    public void Refunded()
    {
        lock (_lock)
        {
            _counts = _counts with { RefundsOffered = _counts.RefundsOffered + 1, RefundsAccepted = _counts.RefundsAccepted + 1, Ops = _counts.Ops + 1 };
        }
    }

    /// <summary>A refund row without an earlier sale paid from the wallet there.</summary>
    public void RefundSkipped()
    {
        lock (_lock)
        {
            _counts = _counts with { RefundsOffered = _counts.RefundsOffered + 1, RefundsSkipped = _counts.RefundsSkipped + 1 };
        }
    }

    /// <summary>Something other than a sale that a till refused.</summary>
    public void Refused(string what, RejectionCode reason)
    {
        lock (_lock)
        {
            Count(_otherRefusals, $"{what}: {reason}");
        }
    }

    /// <summary>A call that had to be made again with the same request id.</summary>
    public void Retried()
    {
        lock (_lock)
        {
            _counts = _counts with { Retries = _counts.Retries + 1 };
        }
    }

    /// <summary>A row of the trace is done.</summary>
    public void Done()
    {
        lock (_lock)
        {
            _counts = _counts with { RowsDone = _counts.RowsDone + 1 };
        }
    }

    private TallyCounts Offered(long billMinor, bool wasOnline, bool isCut) => _counts with
    {
        SalesOffered = _counts.SalesOffered + 1,
        SalesOfflineOffered = _counts.SalesOfflineOffered + (wasOnline ? 0 : 1),
        SalesCutOffered = _counts.SalesCutOffered + (!wasOnline && isCut ? 1 : 0),
        BilledMinor = _counts.BilledMinor + billMinor,
    };

    private static void Count(SortedDictionary<string, int> counts, string what) => counts[what] = counts.GetValueOrDefault(what) + 1;
}
