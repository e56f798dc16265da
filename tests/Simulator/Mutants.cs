using System.Globalization;
using SyncHub.Core.Mechanisms;
using SyncHub.Testing;

namespace SyncHub.Simulator;

/// <summary>Turns off one mechanism after the other and looks how long the simulator takes to notice.</summary>
internal static class Mutants
{
    private static readonly IReadOnlyList<(Mechanism Off, string Faults)> Plan =
    [
        (Mechanism.AbsoluteGrants, "base"), (Mechanism.CommitBeforeSend, "base"), (Mechanism.Dedupe, "base"), (Mechanism.ReservedWhileSilent, "base"),
        (Mechanism.JournalFences, "split"), (Mechanism.HashChain, "image"), (Mechanism.ResendFromHubWatermark, "hubrestore"), (Mechanism.GrantHealing, "hubrestore"),
        (Mechanism.ReconcileMode, "hubrestore"), (Mechanism.RefundRightHasOneOwner, "calm"), (Mechanism.LockedGivesNothing, "restore"), (Mechanism.Guard, "restore"),
        (Mechanism.FullSync, "base"), (Mechanism.Tokens, "clone"), (Mechanism.StreamFencing, "clone"), (Mechanism.StaleCheck, "image"), (Mechanism.DeadRelease, "max"),
        (Mechanism.Challenge, "clone"), (Mechanism.Branches, "clone"), (Mechanism.BranchDedupe, "clone"), (Mechanism.LocalRights, "calm"), (Mechanism.LinesEndWithLife, "restore"),
        (Mechanism.DurableToken, "disk"), (Mechanism.FactsFromTheStart, "image"), (Mechanism.TermsNeverTwice, "max"), (Mechanism.SnapshotMarks, "base"), (Mechanism.SnapshotTail, "base"),
        (Mechanism.BreakageTakesOnlyWhatIsFree, "disk"), (Mechanism.RelinquishBeforeGrant, "base"), (Mechanism.CloseBeforeRelease, "restore"), (Mechanism.DisownedIsCounted, "reclaim"),
    ];

    /// <summary>The table: which invariant killed which mutant at which seed.</summary>
    public static int Run(long seeds, int steps)
    {
#if MUTANTS
        var survivors = 0;
        Console.WriteLine("| mechanism off | faults | killed by | at seed | at step | what broke |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var (off, faults) in Plan)
        {
            Switches.Off = off;
            SimulatedJournal.HasFences = off != Mechanism.JournalFences;
            var killed = Runner.FindFirst(FaultSets.All[faults], 1, seeds, steps);
            survivors += killed is null ? 1 : 0;
            Console.WriteLine(killed is null
                ? string.Create(CultureInfo.InvariantCulture, $"| {off} | {faults} | survives {seeds} seeds | | | |")
                : string.Create(CultureInfo.InvariantCulture, $"| {off} | {faults} | {killed.Violation!.Invariant} | {killed.Seed} | {killed.Step} | {OneLine(killed.Violation.Message)} |"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"mutants={Plan.Count} killed={Plan.Count - survivors} survivors={survivors}"));
        return 0;
#else
        Console.Error.WriteLine($"This build has no switches for its {Plan.Count} mechanisms (asked for {seeds} seeds of {steps} steps). Run `make mutants`.");
        return 2;
#endif
    }

#if MUTANTS
    private static string OneLine(string text)
    {
        var line = text.ReplaceLineEndings(" ").Replace('|', '/');
        return line.Length > 120 ? line[..120] : line;
    }
#endif
}
