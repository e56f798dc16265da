using System.Globalization;

namespace SyncHub.Demo.Reports;

/// <summary>The run told to someone who owns shops.</summary>
internal static class ShopReport
{
    /// <summary>Writes it.</summary>
    public static void Write(TextWriter output, Summary run)
    {
        output.WriteLine();
        output.WriteLine($"{run.Stores} stores served {run.Members:N0} members with {run.Receipts:N0} receipts of {run.TraceDays:N0} days in {run.ReplaySeconds:N0} s, so a second without network stands for {Days(run)}.");
        output.WriteLine($"Wallets paid {Share(run.PaidFromWalletsMinor, run.BilledMinor)} of all bills ({Money(run.PaidFromWalletsMinor)} of {Money(run.BilledMinor)}); members topped up {run.TopUps:N0} times.");
        output.WriteLine($"Stores lost their network {run.Outages} times, {run.OutagesInPairs} times two together that shared members; killed without warning: {string.Join(", ", run.Kills.DefaultIfEmpty("nothing"))}.");
        if (run.Upgrades.Count > 0)
        {
            output.WriteLine($"Upgraded while the chain sold: {string.Join(", ", run.Upgrades)}; what was killed came back as the newer program too.");
        }

        output.WriteLine($"Without the hub, {run.SalesOfflineAccepted:N0} of {run.SalesOfflineOffered:N0} sales were paid from wallets all the same ({Share(run.SalesOfflineAccepted, run.SalesOfflineOffered)}).");
        output.WriteLine(run.Overdrafts == 0 ? "No member ever spent money that was not there." : $"MEMBERS SPENT MONEY THAT WAS NOT THERE, {run.Overdrafts} TIMES.");
        output.WriteLine();
        var rows = Rows(run).ToArray();
        var (wide, narrow) = (rows.Max(row => row.Name.Length), rows.Max(row => row.Value.Length));
        foreach (var (name, value) in rows)
        {
            output.WriteLine($"  {name.PadRight(wide)}  {value.PadLeft(narrow)}");
        }

        output.WriteLine();
        if (run.Ok)
        {
            output.WriteLine("Audit passed: every receipt is at the hub once, every wallet agrees with its receipts, and the ledger adds up.");
            return;
        }

        output.WriteLine("FAILED:");
        foreach (var failure in run.Failures)
        {
            output.WriteLine($"  {failure}");
        }
    }

    private static IEnumerable<(string Name, string Value)> Rows(Summary run)
    {
        yield return ("receipts replayed", Count(run.Receipts));
        yield return ("sales offered to wallets", Count(run.SalesOffered));
        yield return ("  taken", Count(run.SalesAccepted));
        yield return ("  offered without the hub", Count(run.SalesOfflineOffered));
        yield return ("  taken without the hub", Count(run.SalesOfflineAccepted));
        yield return ("    network cut: offered, taken", $"{Count(run.SalesOfflineByOutageOffered)}, {Count(run.SalesOfflineByOutageAccepted)}");
        yield return ("    hub down or not found again yet: offered, taken", $"{Count(run.SalesOfflineOffered - run.SalesOfflineByOutageOffered)}, {Count(run.SalesOfflineAccepted - run.SalesOfflineByOutageAccepted)}");
        foreach (var (reason, count) in run.SalesOfflineDeclinedByReason)
        {
            yield return ($"  refused without the hub: {InWords(reason)}", Count(count));
        }

        yield return ("  refused with the hub", Count(run.SalesOnlineDeclined));
        foreach (var (reason, count) in run.SalesOnlineDeclinedByReason)
        {
            yield return ($"    {InWords(reason)}", Count(count));
        }

        yield return ("    while every store had the hub", Count(run.SalesDeclinedByWholeChain));
        foreach (var (what, count) in run.OtherRefusals)
        {
            yield return ($"other refusals: {what}", Count(count));
        }

        yield return ("refunds in the trace, given back to wallets", $"{Count(run.Refunds)}, {Count(run.RefundsAccepted)}");
        yield return ("rights fetched from another store while waiting", Count(run.LiveRevokes));
        yield return ("biggest backlog of one store, ops", Count(run.BiggestBacklog));
        yield return ("calls repeated after no answer", Count(run.CallsRepeated));
        yield return ("a sale at the till, with hub, p50 and p99", $"{Ms(run.TillLatencyOnline.P50Ms)}, {Ms(run.TillLatencyOnline.P99Ms)}");
        yield return ("a sale at the till, without hub, p50 and p99", $"{Ms(run.TillLatencyOffline.P50Ms)}, {Ms(run.TillLatencyOffline.P99Ms)}");
        yield return ("ops per second", run.OpsPerSecond.ToString("N0", CultureInfo.InvariantCulture));
        yield return ("until all agreed after the last outage", run.Converged ? string.Create(CultureInfo.InvariantCulture, $"{run.ConvergeSeconds:0.0} s") : "never");
        yield return ("ops logged at stores, applied at the hub", $"{Count(run.OpsLogged)}, {Count(run.OpsApplied)}");
        yield return ("ops lost, applied twice", $"{Count(run.OpsLost)}, {Count(run.OpsDuplicated)}");
        yield return ("wallets that disagree", Count(run.WalletsMismatched));
        yield return ("ledger imbalance", run.LedgerImbalanceMinor is { } imbalance ? Money(imbalance) : "not audited");
    }

    private static string InWords(string reason) => reason switch
    {
        "InsufficientRights" => "held at other stores",
        "InsufficientFunds" => "not enough that this store knows of",
        "UnknownMember" => "member not known here yet",
        _ => reason,
    };

    private static string Days(Summary run) => string.Create(CultureInfo.InvariantCulture, $"{run.TraceDays / Math.Max(1, run.ReplaySeconds):0.0} days");

    private static string Count(long? count) => count?.ToString("N0", CultureInfo.InvariantCulture) ?? "not audited";

    private static string Ms(double ms) => string.Create(CultureInfo.InvariantCulture, $"{ms:0.0} ms");

    // Two decimals, as in all currencies of the presets. Integers: a long of minor units does not fit a double.
    private static string Money(long minor) => string.Create(CultureInfo.InvariantCulture, $"{(minor < 0 ? "-" : "")}{Math.Abs(minor / 100):N0}.{Math.Abs(minor % 100):00}");

    private static string Share(long part, long whole) => whole == 0 ? "0 %" : string.Create(CultureInfo.InvariantCulture, $"{100m * part / whole:0.0} %");
}
