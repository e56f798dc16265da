using System.Globalization;
using System.Text;

namespace SyncHub.Acceptance;

/// <summary>The tallies of all policies as a table for people, in Markdown.</summary>
internal static class Report
{
    public static string Head(PurchaseTrace trace, AcceptanceOptions options) => string.Create(CultureInfo.InvariantCulture,
        $"{trace.Name}: {trace.Purchases.Count:N0} purchases, {trace.Members:N0} members, {trace.Stores} stores; each offline {options.DowntimePercent} % of the time; {options.Seeds} schedules of outages; floor {trace.FloorMinor} minor units")
        + "\n\n| policy | floor | offline approved | ceiling | ready at any time | online declined | stranded value | messages/sale | all frames/sale | loss bp | declined offline: never visited / at hub / one store / spread |\n|---|---|---|---|---|---|---|---|---|---|---|";

    public static string Row(string policy, bool hasFloor, Tally all, IReadOnlyList<Tally> seeds)
    {
        var text = new StringBuilder();
        var declined = Math.Max(1, all.NeverVisited + all.FreeAtHub + all.HeldElsewhere + all.Spread);
        text.Append(CultureInfo.InvariantCulture, $"| {policy} | {(hasFloor ? "on" : "off")} | {Percent(all.OfflineApproved, all.Offline)} ({Spread(seeds, tally => (tally.OfflineApproved, tally.Offline))}) of {all.Offline:N0}");
        text.Append(CultureInfo.InvariantCulture, $" | {Percent(all.Reachable, all.Offline)} | {Percent(all.Ready, all.Sales)} | {Percent(all.OnlineDeclined, all.Online, 3)} ({Spread(seeds, tally => (tally.OnlineDeclined, tally.Online), 3)})");
        text.Append(CultureInfo.InvariantCulture, $" | {Percent((long)all.StrandedMinor, (long)all.WalletMinor)} | {Ratio(all.RightsFrames, all.Sales)} | {Ratio(all.Frames.Sum(), all.Sales)} | {Ratio(10_000 * (long)all.OpenAdvanceMinor, (long)all.TurnoverMinor)}");
        text.Append(CultureInfo.InvariantCulture, $" | {Percent(all.NeverVisited, declined)} / {Percent(all.FreeAtHub, declined)} / {Percent(all.HeldElsewhere, declined)} / {Percent(all.Spread, declined)} |");
        return text.ToString();
    }

    /// <summary>Frames of each kind for a hundred sales.</summary>
    public static string Frames(Tally tally) => "  frames per 100 sales: " + string.Join(", ", Enum.GetValues<Frame>()
        .Select(frame => string.Create(CultureInfo.InvariantCulture, $"{frame} {100.0 * tally.Frames[(int)frame] / Math.Max(1, tally.Sales):F1}")));

    private static string Spread(IReadOnlyList<Tally> seeds, Func<Tally, (long Part, long Whole)> of, int digits = 1)
    {
        var values = seeds.Select(of).Select(part => 100.0 * part.Part / Math.Max(1, part.Whole)).Order().ToArray();
        return string.Create(CultureInfo.InvariantCulture, $"{values[0].ToString($"F{digits}", CultureInfo.InvariantCulture)} to {values[^1].ToString($"F{digits}", CultureInfo.InvariantCulture)}");
    }

    private static string Percent(long part, long whole, int digits = 1) => (100.0 * part / Math.Max(1, whole)).ToString($"F{digits}", CultureInfo.InvariantCulture) + " %";

    private static string Ratio(long part, long whole) => (1.0 * part / Math.Max(1, whole)).ToString("F2", CultureInfo.InvariantCulture);
}
