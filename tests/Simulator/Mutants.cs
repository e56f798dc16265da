using System.Globalization;
using SyncHub.Core.Mechanisms;
using SyncHub.Testing;

namespace SyncHub.Simulator;

/// <summary>Turns off one mechanism after the other and looks how long the simulator takes to notice.</summary>
internal static class Mutants
{
    private static readonly IReadOnlyList<Row> Plan =
    [
        // The 17 of the model.
        new("base", Mechanism.AbsoluteGrants), new("base", Mechanism.CommitBeforeSend), new("base", Mechanism.Dedupe), new("base", Mechanism.ReservedWhileSilent),
        new("split", Mechanism.JournalFences), new("refunds", Mechanism.RefundRightHasOneOwner), new("restore", Mechanism.LockedGivesNothing), new("restore", Mechanism.Guard),
        new("base", Mechanism.FullSync), new("image", Mechanism.HashChain), new("copies", Mechanism.StreamFencing), new("copies", Mechanism.Tokens), new("image", Mechanism.StaleCheck),
        new("hubrestore", Mechanism.GrantHealing), new("hubrestore", Mechanism.ReconcileMode), new("hubrestore", Mechanism.ResendFromHubWatermark), new("forget", Mechanism.DeadRelease),

        // Lives and logs.
        new("copies", Mechanism.Challenge), new("clone", Mechanism.Branches), new("clone", Mechanism.BranchDedupe), new("entire", Mechanism.MembersKnowChains) { From = 9_801_008 }, new("calm", Mechanism.LocalRights), new("restore", Mechanism.LinesEndWithLife),
        new("disk", Mechanism.DurableToken), new("forget", Mechanism.FactsFromTheStart), new("forget", Mechanism.FactsFromTheStart, Mechanism.LogsOfOtherTerms), new("max", Mechanism.TermsNeverTwice), new("base", Mechanism.RelinquishBeforeGrant),
        new("restore", Mechanism.CloseBeforeRelease), new("reclaim", Mechanism.DisownedIsCounted), new("reclaim", Mechanism.LateValueIsReleased), new("receipts", Mechanism.ReceiptsAreKept), new("entire", Mechanism.ReceiptsTellHistories) { From = 9_980_841 }, new("utmost", Mechanism.ReceiptsReopenLives) { From = 9_502_007 },

        // Commits, snapshots, older and newer versions, the window, parking.
        new("base", Mechanism.SnapshotTail), new("base", Mechanism.SnapshotMarks), new("base", Mechanism.MemberMarks), new("base", Mechanism.AtomicCommit),
        new("base", Mechanism.Dedupe, Mechanism.MemberMarks, Mechanism.JournalFences), new("base", Mechanism.Dedupe, Mechanism.SnapshotMarks, Mechanism.JournalFences),
        new("full", Mechanism.BatchesBreakTogether), new("full", Mechanism.BatchesBreakTogether, Mechanism.JournalFences), new("full", Mechanism.JournalFences), new("whole", Mechanism.ParksTheLog) { From = 7_663 }, new("merge", Mechanism.MembersStayWhileDeciding),
        new("forget", Mechanism.LogsOfOtherTerms) { From = 3_828 }, new("utmost", Mechanism.FollowersAreHeard) { From = 1_000_524 },
        new("upgrade", Mechanism.OldSnapshotsAreReplayed), new("versions", Mechanism.UnknownOpsAreKept), new("person", Mechanism.ChangesAreNoted), new("narrow", Mechanism.Window), new("poison", Mechanism.Parking),

        // What members own and owe, and who they are.
        new("lots", Mechanism.BreakageTakesOnlyWhatIsFree), new("tills", Mechanism.PointsAreRights), new("account", Mechanism.FloorIsCumulative), new("account", Mechanism.FloorBudget),
        new("account", Mechanism.SettlesOnlyWhatIsFree), new("refunds", Mechanism.RefundsAreCumulative), new("refunds", Mechanism.ClosesNeedTheLog), new("calm", Mechanism.DayIsReadFromTheLog), new("old", Mechanism.ClosedOpsAreNotReadFromTheLog), new("rounds", Mechanism.RightsSayWhatWasRefunded),
        new("rounds", Mechanism.SurvivorsSayWhatWasRefunded), new("returns", Mechanism.DebtsFollowTheMerge), new("rounds", Mechanism.CreditFollowsTheMerge), new("merge", Mechanism.AbsoluteTransfers), new("merge", Mechanism.MergeWorkIsDurable), new("merge", Mechanism.AnswersNameVersions), new("merge", Mechanism.OffersComeFirst),
        // What stores do beside selling.
        new("leases", Mechanism.LeaseEndsSpending), new("old", Mechanism.AnswersAreKept), new("signed", Mechanism.Signatures), new("handed", Mechanism.HandedInIsKept),
        new("leavers", Mechanism.HoldersAreTold), new("leavers", Mechanism.FollowIsSaid), new("leavers", Mechanism.LinesOutliveReplicas), new("away", Mechanism.NewLivesSayWhoTheyFollow),
        new("person", Mechanism.ClampedStamps), new("person", Mechanism.ErasureWins), new("person", Mechanism.TagsAreDots), new("twins", Mechanism.TagsHaveOwnNames), new("apart", Mechanism.DotsTellHistories),
    ];

    /// <summary>Turns mechanisms off by name, to look at a run without them.</summary>
    public static void TurnOff(string names)
    {
        var off = names.Split(',').Select(Enum.Parse<Mechanism>).ToArray();
#if MUTANTS
        Switches.TurnOff(off);
#endif
        SimulatedJournal.HasFences = !off.Contains(Mechanism.JournalFences);
        SimulatedJournal.TearsCommits = off.Contains(Mechanism.AtomicCommit);
    }

    /// <summary>The table: which invariant killed which mutant at which seed.</summary>
    public static int Run(long seeds, int steps, string only)
    {
#if MUTANTS
        var survivors = 0;
        var plan = Plan.Where(row => only.Length == 0 || row.Off.Any(mechanism => only.Split(',').Contains(mechanism.ToString()))).ToArray();
        Console.WriteLine("| mechanism off | faults | killed by | at seed | at step | what broke |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var row in plan)
        {
            var (faults, off) = (row.Faults, row.Off);
            Switches.TurnOff(off);
            SimulatedJournal.HasFences = !off.Contains(Mechanism.JournalFences);
            SimulatedJournal.TearsCommits = off.Contains(Mechanism.AtomicCommit);
            var killed = Runner.FindFirst(FaultSets.All[faults], row.From, seeds, steps);
            survivors += killed is null ? 1 : 0;
            var name = string.Join(" + ", off);
            Console.WriteLine(killed is null
                ? string.Create(CultureInfo.InvariantCulture, $"| {name} | {faults} | survives {seeds} seeds | | | |")
                : string.Create(CultureInfo.InvariantCulture, $"| {name} | {faults} | {killed.Violation!.Invariant} | {killed.Seed} | {killed.Step} | {OneLine(killed.Violation.Message)} |"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"mutants={plan.Length} killed={plan.Length - survivors} survivors={survivors}"));
        return 0;
#else
        Console.Error.WriteLine($"This build has no switches for its {Plan.Count} mechanisms (asked for {seeds} seeds of {steps} steps of {only}). Run `make mutants`.");
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

    /// <summary>Mechanisms that are off together, and the faults that show it.</summary>
    private sealed record Row(string Faults, params Mechanism[] Off)
    {
        /// <summary>The first seed: 1, but where many seeds would pass before the faults meet that show it.</summary>
        public long From { get; init; } = 1;
    }
}
