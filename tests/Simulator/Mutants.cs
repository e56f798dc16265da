using System.Globalization;
using SyncHub.Core.Mechanisms;
using SyncHub.Testing;

namespace SyncHub.Simulator;

/// <summary>Turns off one mechanism after the other and looks how long the simulator takes to notice.</summary>
internal static class Mutants
{
    private static readonly IReadOnlyList<(string Faults, Mechanism[] Off)> Plan =
    [
        // The 17 of the model.
        ("base", [Mechanism.AbsoluteGrants]), ("base", [Mechanism.CommitBeforeSend]), ("base", [Mechanism.Dedupe]), ("base", [Mechanism.ReservedWhileSilent]),
        ("split", [Mechanism.JournalFences]), ("refunds", [Mechanism.RefundRightHasOneOwner]), ("restore", [Mechanism.LockedGivesNothing]), ("restore", [Mechanism.Guard]),
        ("base", [Mechanism.FullSync]), ("image", [Mechanism.HashChain]), ("copies", [Mechanism.StreamFencing]), ("copies", [Mechanism.Tokens]), ("image", [Mechanism.StaleCheck]),
        ("hubrestore", [Mechanism.GrantHealing]), ("hubrestore", [Mechanism.ReconcileMode]), ("hubrestore", [Mechanism.ResendFromHubWatermark]), ("forget", [Mechanism.DeadRelease]),

        // Lives and logs.
        ("copies", [Mechanism.Challenge]), ("clone", [Mechanism.Branches]), ("clone", [Mechanism.BranchDedupe]), ("calm", [Mechanism.LocalRights]), ("restore", [Mechanism.LinesEndWithLife]),
        ("disk", [Mechanism.DurableToken]), ("forget", [Mechanism.FactsFromTheStart]), ("forget", [Mechanism.FactsFromTheStart, Mechanism.LogsOfOtherTerms]), ("max", [Mechanism.TermsNeverTwice]), ("base", [Mechanism.RelinquishBeforeGrant]),
        ("restore", [Mechanism.CloseBeforeRelease]), ("reclaim", [Mechanism.DisownedIsCounted]), ("reclaim", [Mechanism.LateValueIsReleased]), ("receipts", [Mechanism.ReceiptsAreKept]),

        // Commits, snapshots, older and newer versions, the window, parking.
        ("base", [Mechanism.SnapshotTail]), ("base", [Mechanism.SnapshotMarks]), ("base", [Mechanism.MemberMarks]), ("base", [Mechanism.AtomicCommit]),
        ("base", [Mechanism.Dedupe, Mechanism.MemberMarks, Mechanism.JournalFences]), ("base", [Mechanism.Dedupe, Mechanism.SnapshotMarks, Mechanism.JournalFences]),
        ("full", [Mechanism.BatchesBreakTogether]), ("full", [Mechanism.BatchesBreakTogether, Mechanism.JournalFences]), ("full", [Mechanism.JournalFences]), ("whole", [Mechanism.ParksTheLog]), ("merge", [Mechanism.MembersStayWhileDeciding]),
        ("forget", [Mechanism.LogsOfOtherTerms]), ("utmost", [Mechanism.FollowersAreHeard]),
        ("upgrade", [Mechanism.OldSnapshotsAreReplayed]), ("versions", [Mechanism.UnknownOpsAreKept]), ("narrow", [Mechanism.Window]), ("poison", [Mechanism.Parking]),

        // What members own and owe, and who they are.
        ("lots", [Mechanism.BreakageTakesOnlyWhatIsFree]), ("tills", [Mechanism.PointsAreRights]), ("account", [Mechanism.FloorIsCumulative]), ("account", [Mechanism.FloorBudget]),
        ("account", [Mechanism.SettlesOnlyWhatIsFree]), ("refunds", [Mechanism.RefundsAreCumulative]), ("refunds", [Mechanism.ClosesNeedTheLog]), ("rounds", [Mechanism.RightsSayWhatWasRefunded]),
        ("rounds", [Mechanism.SurvivorsSayWhatWasRefunded]), ("returns", [Mechanism.DebtsFollowTheMerge]), ("rounds", [Mechanism.CreditFollowsTheMerge]), ("merge", [Mechanism.AbsoluteTransfers]), ("merge", [Mechanism.MergeWorkIsDurable]), ("merge", [Mechanism.OffersComeFirst]),
        // What stores do beside selling.
        ("leases", [Mechanism.LeaseEndsSpending]), ("old", [Mechanism.AnswersAreKept]), ("signed", [Mechanism.Signatures]), ("handed", [Mechanism.HandedInIsKept]),
        ("leavers", [Mechanism.HoldersAreTold]), ("leavers", [Mechanism.FollowIsSaid]), ("leavers", [Mechanism.LinesOutliveReplicas]), ("away", [Mechanism.NewLivesSayWhoTheyFollow]),
        ("person", [Mechanism.ClampedStamps]), ("person", [Mechanism.ErasureWins]), ("person", [Mechanism.TagsAreDots]), ("twins", [Mechanism.TagsHaveOwnNames]),
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
        foreach (var (faults, off) in plan)
        {
            Switches.TurnOff(off);
            SimulatedJournal.HasFences = !off.Contains(Mechanism.JournalFences);
            SimulatedJournal.TearsCommits = off.Contains(Mechanism.AtomicCommit);
            var killed = Runner.FindFirst(FaultSets.All[faults], 1, seeds, steps);
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
}
