namespace SyncHub.Faults.Tests;

/// <summary>What can happen to a chain of stores.</summary>
internal enum FaultKind
{
    /// <summary>SIGKILL of the hub; it comes back after a while.</summary>
    KillHub,

    /// <summary>SIGKILL of an agent; it comes back after a while.</summary>
    KillAgent,

    /// <summary>The hub stands still for a while.</summary>
    PauseHub,

    /// <summary>An agent stands still for a while.</summary>
    PauseAgent,

    /// <summary>A line is reset for a while.</summary>
    CutLine,

    /// <summary>A line swallows everything for a while.</summary>
    SilenceLine,

    /// <summary>A line is slow for a while.</summary>
    SlowLine,

    /// <summary>The database of an agent is exchanged for an older copy.</summary>
    RestoreAgent,

    /// <summary>A copy of an agent runs on another machine.</summary>
    CloneAgent,

    /// <summary>The disk of an agent is full for a while.</summary>
    FillDisk,

    /// <summary>The clock of an agent jumps while it runs, hours to years, ahead or back, or stands still, for a while.</summary>
    JumpClock,

    /// <summary>The database of the hub is exchanged for an older copy, with the commands of the runbook.</summary>
    RestoreHub,

    /// <summary>Headquarters gives a store up that cannot be reached and goes on selling; its log comes late.</summary>
    ReclaimStore,

    /// <summary>Headquarters makes one member of two, and may undo it.</summary>
    MergeMembers,

    /// <summary>Headquarters sets how much a member may owe.</summary>
    LendToMember,

    /// <summary>Customers hand in receipts, first those of ops that no disk has any more.</summary>
    HandInReceipts,
}
