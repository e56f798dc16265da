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

    /// <summary>The clock of an agent is wrong for a while.</summary>
    JumpClock,
}
