namespace SyncHub.Demo.Replay;

/// <summary>When a member of the demo tops up, and how much: traces of shops without stored value do not say.</summary>
/// <remarks>
/// A member whose true wallet is below the bill first pays in, in cash and at that till, five times the bill, rounded up to 50.00.
/// Five bills: a regular then tops up every fifth visit, about as often as chains with such wallets report.
/// </remarks>
public static class TopUpRule
{
    /// <summary>A top-up is this many times the bill.</summary>
    public const long Bills = 5;

    /// <summary>And a multiple of this, minor units.</summary>
    public const long RoundToMinor = 50_00;

    /// <summary>The most that a till takes at once, minor units.</summary>
    public const long LargestMinor = 1_000_000_000;

    /// <summary>What is paid in before this bill; 0 where the wallet suffices.</summary>
    public static long AmountFor(long walletMinor, long billMinor)
    {
        if (walletMinor >= billMinor)
        {
            return 0;
        }

        // The cap comes first: a bill near the end of the range must not overflow.
        var amount = billMinor > LargestMinor / Bills ? LargestMinor : billMinor * Bills;
        return Math.Min(LargestMinor, (amount + RoundToMinor - 1) / RoundToMinor * RoundToMinor);
    }
}
