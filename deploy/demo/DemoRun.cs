using System.Diagnostics;
using System.Globalization;
using SyncHub.Demo.Chain;
using SyncHub.Demo.Outages;
using SyncHub.Demo.Processes;
using SyncHub.Demo.Replay;
using SyncHub.Demo.Reports;
using SyncHub.Demo.Traces;
using SyncHub.Demo.Views;
using Trace = SyncHub.Demo.Traces.Trace;
using TraceSource = SyncHub.Demo.Traces.TraceSource;

namespace SyncHub.Demo;

/// <summary>One run, from the trace to the numbers.</summary>
internal sealed class DemoRun(DemoOptions options, Auditor auditor, TextWriter output, TextWriter errors, IProgressView view)
{
    private const int BadLinesShown = 10;
    private const int FindingsShown = 10;

    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Book _book = new();
    private readonly Tally _tally = new();
    private readonly List<string> _failures = [];

    /// <summary>1 trace, 2 schedule, 3 chain, 4 replay, 5 heal and converge, 6 compare, 7 stop, 8 audit.</summary>
    public async Task<Summary> RunAsync(CancellationToken cancellation)
    {
        var trace = TraceSource.Open(options);
        var map = new StoreMap(trace.Rows, options.Stores);
        var schedule = Schedule.Plan(trace.Rows, map, options.Stores, options.OutagePercent, options.Seed, upgrades: options.OlderProgram is not null);
        Introduce(trace, map, schedule);

        using var watchdog = new Watchdog();
        var folder = RunFolder.Create(options.DataFolder);
        var programs = Programs.Find(options, folder.Logs, watchdog);
        await using var chain = await StoreChain.OpenAsync(programs, folder, options, cancellation);

        var monitor = new ChainMonitor(chain);
        var mishaps = new Mishaps(schedule, chain, trace.Rows.Count, options.Seed, cancellation);
        var replayed = await ReplayAsync(trace, map, chain, monitor, mishaps, cancellation);

        await mishaps.HealAsync();
        var (converging, missing) = await Convergence.WaitAsync(chain, cancellation);
        FailIf(missing is not null, $"The stores and the hub did not come to agree within {converging.TotalSeconds:0} s: {missing}.");
        await monitor.LookAsync(cancellation);

        var wallets = await HubWallets.ReadAsync(chain.Hub, _book.Members.Select(member => member.Id).OfType<string>(), cancellation);
        var atHub = _book.FindMismatches(wallets, member => (member.PrincipalMinor, member.BonusMinor));
        var stubborn = await chain.StopAsync();
        FailIf(stubborn.Count > 0, $"Had to be killed because SIGTERM did not end them: {string.Join(", ", stubborn)}.");

        var audit = Enumerable.Range(1, options.Cells).Select(cell => auditor(cell, folder.HubOf(cell, 0), [.. chain.Stores.Select(store => folder.Agent(store.Index, cell))], missing is null)).Aggregate(AuditResult.Join);
        var inLogs = _book.FindMismatches(audit.WalletsMinor, member => member.WalletMinor);
        Judge(audit, atHub, inLogs);
        if (_failures.Count == 0 && !options.KeepData)
        {
            folder.Delete();
        }
        else
        {
            await output.WriteLineAsync($"Databases and logs of this run: {folder.Path}");
        }

        return Summarize(trace, map, schedule, monitor, mishaps, replayed) with
        {
            Converged = missing is null,
            ConvergeSeconds = Round(converging),
            OpsLogged = audit.OpsLogged,
            OpsApplied = audit.OpsApplied,
            OpsPending = audit.OpsPending,
            OpsLost = audit.OpsLost,
            OpsDuplicated = audit.OpsDuplicated,
            LedgerImbalanceMinor = audit.LedgerImbalanceMinor,
            WalletsMismatched = audit.WalletsMismatched + atHub.Concat(inLogs).Select(mismatch => mismatch.Member).Distinct(StringComparer.Ordinal).Count(),
            Findings = audit.Findings,
        };
    }

    private void Introduce(Trace trace, StoreMap map, Schedule schedule)
    {
        output.WriteLine($"Trace: {trace.Source}: {trace.Rows.Count:N0} receipts of {trace.Rows.Select(row => row.Member).Distinct(StringComparer.Ordinal).Count():N0} members at {map.NamedStores} stores, mapped onto {options.Stores}.");
        output.WriteLine($"Left out: {trace.WithoutMember:N0} receipts without a member, {trace.ZeroAmounts:N0} over nothing, {trace.OtherKinds:N0} rows of other kinds, {trace.BadLines.Count:N0} lines that could not be read.");
        foreach (var bad in trace.BadLines.Take(BadLinesShown))
        {
            errors.WriteLine($"  line {bad.Line}: {bad.Reason}");
        }

        if (trace.BadLines.Count > BadLinesShown)
        {
            errors.WriteLine($"  and {trace.BadLines.Count - BadLinesShown:N0} more; all are in the summary.");
        }

        output.WriteLine($"Rules: {options.Preset}. A member whose wallet is below the bill first tops up {TopUpRule.Bills} bills in cash, rounded up to {TopUpRule.RoundToMinor / 100}.00.");
        output.WriteLine($"Mishaps (seed {options.Seed}): {schedule.Outages.Count} outages, {schedule.Pairs} times at two stores that share members; one agent and the hub{(options.Hubs > 1 ? " that leads" : "")}{(options.Cells > 1 ? " of a cell" : "")} are killed.");
        if (options.OlderProgram is { } older)
        {
            output.WriteLine($"Upgrade: all start as {older}; every second store and the hubs go on as this program, one after the other, while the chain sells.");
        }

        if (options.Cells > 1)
        {
            output.WriteLine($"Cells: the members are shared by {options.Cells} databases, each with {(options.Hubs > 1 ? $"{options.Hubs} hubs of which one leads" : "a hub")}.");
        }
    }

    private async Task<TimeSpan> ReplayAsync(Trace trace, StoreMap map, StoreChain chain, ChainMonitor monitor, Mishaps mishaps, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var started = Stopwatch.GetTimestamp();
        var replay = new Replayer(chain, map, mishaps, _book, _tally, new Surroundings(chain.HasHub, monitor.IsChainWhole)).RunAsync(trace.Rows, ending.Token);
        var watch = monitor.RunAsync(ending.Token);
        var show = view.ShowAsync(() => Look(trace.Rows.Count, monitor, chain, started), replay);

        // Where a process ended by itself the watch ends first, and says so; the replay would only time out.
        var first = await Task.WhenAny(replay, watch);
        var took = Stopwatch.GetElapsedTime(started);
        await ending.CancelAsync();
        await Task.WhenAll(replay, watch, show).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await first;
        return took;
    }

    private Glance Look(int rows, ChainMonitor monitor, StoreChain chain, long started)
    {
        var counts = _tally.Read();
        var seconds = Math.Max(1, (int)Stopwatch.GetElapsedTime(started).TotalSeconds);
        return new Glance(counts.RowsDone, rows, counts.Ops / seconds, counts.SalesOfflineAccepted, monitor.Stores, chain.Hub.IsThere);
    }

    private void Judge(AuditResult audit, IReadOnlyList<WalletMismatch> atHub, IReadOnlyList<WalletMismatch> inLogs)
    {
        FailIf(_book.Overdrafts > 0, $"{_book.Overdrafts} payments took more than the member had.");
        FailIf(atHub.Count > 0, $"{atHub.Count} wallets at the hub differ from the receipts: {Some(atHub)}");
        FailIf(inLogs.Count > 0, $"{inLogs.Count} wallets in the logs differ from the receipts: {Some(inLogs)}");
        FailIf(!audit.IsClean, $"The audit failed: {audit.OpsLogged} ops logged, {audit.OpsApplied} applied, {audit.OpsPending} pending, {audit.OpsLost} lost, {audit.OpsDuplicated} twice, {audit.WalletsMismatched} wallets wrong, ledger off by {audit.LedgerImbalanceMinor}. {Some(audit.Findings)}");
    }

    private Summary Summarize(Trace trace, StoreMap map, Schedule schedule, ChainMonitor monitor, Mishaps mishaps, TimeSpan replayed)
    {
        var counts = _tally.Read();
        var (online, offline) = _tally.ReadLatencies();
        return new Summary
        {
            Failures = _failures,
            Trace = trace.Source,
            Seed = options.Seed,
            Stores = options.Stores,
            TraceStores = map.NamedStores,
            OutagePercent = options.OutagePercent,
            Outages = schedule.Outages.Count,
            OutagesInPairs = schedule.Pairs,
            Kills = mishaps.Kills,
            Upgrades = mishaps.Upgrades,
            TraceDays = Math.Round((trace.Rows[^1].At - trace.Rows[0].At).TotalDays, 1),
            Receipts = trace.Rows.Count,
            BadLines = trace.BadLines,
            ReceiptsWithoutMember = trace.WithoutMember,
            RowsIgnored = trace.OtherKinds + trace.ZeroAmounts,
            Members = counts.MembersRegistered,
            SalesOffered = counts.SalesOffered,
            SalesAccepted = counts.SalesAccepted,
            SalesOfflineOffered = counts.SalesOfflineOffered,
            SalesOfflineAccepted = counts.SalesOfflineAccepted,
            SalesOfflineByOutageOffered = counts.SalesCutOffered,
            SalesOfflineByOutageAccepted = counts.SalesCutAccepted,
            SalesOfflineDeclinedByReason = counts.OfflineDeclinedByReason,
            SalesOnlineDeclined = counts.SalesOnlineDeclined,
            SalesDeclinedByWholeChain = counts.SalesDeclinedByWholeChain,
            SalesOnlineDeclinedByReason = counts.OnlineDeclinedByReason,
            OtherRefusals = counts.OtherRefusals,
            BilledMinor = counts.BilledMinor,
            PaidFromWalletsMinor = counts.PaidMinor,
            TopUps = counts.TopUps,
            Refunds = counts.RefundsOffered,
            RefundsAccepted = counts.RefundsAccepted,
            CallsRepeated = counts.Retries,
            LiveRevokes = monitor.LiveRevokes,
            SalesByLiveRevoke = counts.SalesByLiveRevoke,
            BiggestBacklog = monitor.BiggestBacklog,
            Overdrafts = _book.Overdrafts,
            OpsAnswered = counts.Ops,
            OpsLogged = null,
            OpsApplied = null,
            OpsPending = null,
            OpsLost = null,
            OpsDuplicated = null,
            WalletsMismatched = 0,
            LedgerImbalanceMinor = null,
            Findings = [],
            Converged = false,
            ConvergeSeconds = 0,
            Seconds = Round(Stopwatch.GetElapsedTime(_started)),
            ReplaySeconds = Round(replayed),
            OpsPerSecond = Math.Round(counts.Ops / Math.Max(0.001, replayed.TotalSeconds), 1),
            TillLatencyOnline = LatencySummary.Of(online),
            TillLatencyOffline = LatencySummary.Of(offline),
        };
    }

    private void FailIf(bool isWrong, string failure)
    {
        if (isWrong)
        {
            _failures.Add(failure);
        }
    }

    private static string Some<T>(IReadOnlyList<T> findings) => findings.Count <= FindingsShown
        ? string.Join("; ", findings)
        : string.Create(CultureInfo.InvariantCulture, $"{string.Join("; ", findings.Take(FindingsShown))}; and {findings.Count - FindingsShown} more");

    private static double Round(TimeSpan time) => Math.Round(time.TotalSeconds, 3);
}
