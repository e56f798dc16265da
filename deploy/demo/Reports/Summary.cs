using System.Text.Json;
using System.Text.Json.Serialization;
using SyncHub.Demo.Replay;
using SyncHub.Demo.Traces;

namespace SyncHub.Demo.Reports;

/// <summary>The numbers of one run, as they are written to summary.json.</summary>
public sealed record Summary
{
    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true, NumberHandling = JsonNumberHandling.Strict };

    /// <summary>Whether everything came out right.</summary>
    public bool Ok => Failures.Count == 0;

    /// <summary>What did not, as sentences.</summary>
    public required IReadOnlyList<string> Failures { get; init; }

    /// <summary>Where the receipts came from.</summary>
    public required string Trace { get; init; }

    /// <summary>What outages and kills were drawn from.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Stores, one agent each.</summary>
    public required int Stores { get; init; }

    /// <summary>Stores that the trace names.</summary>
    public required int TraceStores { get; init; }

    /// <summary>The asked share of store-time without network.</summary>
    public required int OutagePercent { get; init; }

    /// <summary>Stretches without network.</summary>
    public required int Outages { get; init; }

    /// <summary>Times that two stores lost it together while members visited both.</summary>
    public required int OutagesInPairs { get; init; }

    /// <summary>What was killed with SIGKILL, and when.</summary>
    public required IReadOnlyList<string> Kills { get; init; }

    /// <summary>What was stopped and started as a newer program, and when.</summary>
    public IReadOnlyList<string> Upgrades { get; init; } = [];

    /// <summary>Time between the first and the last receipt.</summary>
    public required double TraceDays { get; init; }

    /// <summary>Rows of the trace that were replayed.</summary>
    public required int Receipts { get; init; }

    /// <summary>Lines of the trace that could not be read.</summary>
    public required IReadOnlyList<BadLine> BadLines { get; init; }

    /// <summary>Receipts without a member, left out.</summary>
    public required int ReceiptsWithoutMember { get; init; }

    /// <summary>Rows over nothing or of other kinds, left out.</summary>
    public required int RowsIgnored { get; init; }

    /// <summary>Members registered.</summary>
    public required int Members { get; init; }

    /// <summary>Sales that members wanted to pay from their wallets.</summary>
    public required int SalesOffered { get; init; }

    /// <summary>Those taken.</summary>
    public required int SalesAccepted { get; init; }

    /// <summary>Those offered at stores without the hub.</summary>
    public required int SalesOfflineOffered { get; init; }

    /// <summary>Those taken there.</summary>
    public required int SalesOfflineAccepted { get; init; }

    /// <summary>Of the offered ones, those where the store's own network was gone; at the others the hub was, or was being found again.</summary>
    public required int SalesOfflineByOutageOffered { get; init; }

    /// <summary>Those taken.</summary>
    public required int SalesOfflineByOutageAccepted { get; init; }

    /// <summary>All refused without the hub, by reason.</summary>
    public required IReadOnlyDictionary<string, int> SalesOfflineDeclinedByReason { get; init; }

    /// <summary>Those refused at stores with the hub.</summary>
    public required int SalesOnlineDeclined { get; init; }

    /// <summary>Those refused while every store had the hub, so that no outage explains it.</summary>
    public required int SalesDeclinedByWholeChain { get; init; }

    /// <summary>All refused at stores with the hub, by reason.</summary>
    public required IReadOnlyDictionary<string, int> SalesOnlineDeclinedByReason { get; init; }

    /// <summary>Refusals of anything but sales.</summary>
    public required IReadOnlyDictionary<string, int> OtherRefusals { get; init; }

    /// <summary>All bills, minor units.</summary>
    public required long BilledMinor { get; init; }

    /// <summary>What wallets paid of them, minor units.</summary>
    public required long PaidFromWalletsMinor { get; init; }

    /// <summary>Top-ups.</summary>
    public required int TopUps { get; init; }

    /// <summary>The rule that made them.</summary>
    public string TopUpRule { get; } = $"when the wallet is below the bill: {Replay.TopUpRule.Bills} bills in cash at that till, rounded up to {Replay.TopUpRule.RoundToMinor} minor units";

    /// <summary>Refund rows of the trace.</summary>
    public required int Refunds { get; init; }

    /// <summary>Those given back to wallets.</summary>
    public required int RefundsAccepted { get; init; }

    /// <summary>Calls repeated with the same request id because no answer came.</summary>
    public required int CallsRepeated { get; init; }

    /// <summary>Times that one store gave up rights for another while a member waited.</summary>
    public required long LiveRevokes { get; init; }

    /// <summary>Sales that such rights paid for.</summary>
    public required int SalesByLiveRevoke { get; init; }

    /// <summary>The most ops that one store had yet to tell the hub.</summary>
    public required long BiggestBacklog { get; init; }

    /// <summary>Payments that took more than the member truly had.</summary>
    public required int Overdrafts { get; init; }

    /// <summary>Receipts that tills handed out.</summary>
    public required int OpsAnswered { get; init; }

    /// <summary>Ops in the stores' logs; null where there was no audit.</summary>
    public required long? OpsLogged { get; init; }

    /// <summary>Ops that the hub applied.</summary>
    public required long? OpsApplied { get; init; }

    /// <summary>Ops logged and not yet at the hub.</summary>
    public required long? OpsPending { get; init; }

    /// <summary>Ops that got lost.</summary>
    public required long? OpsLost { get; init; }

    /// <summary>Ops applied more than once.</summary>
    public required long? OpsDuplicated { get; init; }

    /// <summary>Wallets that differ between the hub, the logs and the receipts.</summary>
    public required long WalletsMismatched { get; init; }

    /// <summary>Sum of all ledger entries, minor units.</summary>
    public required long? LedgerImbalanceMinor { get; init; }

    /// <summary>What the audit found wrong.</summary>
    public required IReadOnlyList<string> Findings { get; init; }

    /// <summary>Whether all stores and the hub came to agree.</summary>
    public required bool Converged { get; init; }

    /// <summary>How long that took after the last outage.</summary>
    public required double ConvergeSeconds { get; init; }

    /// <summary>The whole run.</summary>
    public required double Seconds { get; init; }

    /// <summary>The replay alone.</summary>
    public required double ReplaySeconds { get; init; }

    /// <summary>Ops that got a receipt, per second of the replay.</summary>
    public required double OpsPerSecond { get; init; }

    /// <summary>How long sales took at stores with the hub.</summary>
    public required LatencySummary TillLatencyOnline { get; init; }

    /// <summary>How long sales took at stores without it.</summary>
    public required LatencySummary TillLatencyOffline { get; init; }

    /// <summary>Writes the file.</summary>
    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, ToJson() + Environment.NewLine);
    }

    /// <summary>The file's text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Format);
}

/// <summary>How long sales took, measured at the till with many tills busy on one machine.</summary>
/// <param name="Count">Sales measured; those that needed more than one try are not.</param>
/// <param name="P50Ms">Half were faster.</param>
/// <param name="P99Ms">One in a hundred was slower.</param>
/// <param name="MaxMs">The slowest.</param>
public sealed record LatencySummary(int Count, double P50Ms, double P99Ms, double MaxMs)
{
    /// <summary>Of durations in order.</summary>
    public static LatencySummary Of(IReadOnlyList<double> sortedMs)
    {
        ArgumentNullException.ThrowIfNull(sortedMs);
        return sortedMs.Count == 0 ? new LatencySummary(0, 0, 0, 0) : new LatencySummary(sortedMs.Count, At(50), At(99), Math.Round(sortedMs[^1], 2));

        // Nearest rank: the smallest value that at least so many percent do not exceed.
        double At(int percent) => Math.Round(sortedMs[(int)Math.Max(0, (((long)sortedMs.Count * percent) + 99) / 100 - 1)], 2);
    }
}
