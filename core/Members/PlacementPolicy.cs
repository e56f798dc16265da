namespace SyncHub.Core.Members;

/// <summary>How rights are spread over stores before anybody needs them (protocol.md 1.5). Configuration; a wrong value costs comfort, never money.</summary>
public sealed record PlacementPolicy
{
    /// <summary>How many of a member's most visited stores may be given rights; 0 = everything waits at the hub.</summary>
    public int UsualStores { get; init; } = 8;

    /// <summary>How bad a decline online is, because a store that is offline holds what is missing, beside a decline offline, in thousandths.</summary>
    public int StrandedPermille { get; init; } = 300;

    /// <summary>The same where stores may advance up to a floor: they approve most offline sales anyway, and one decline is as bad as the other.</summary>
    public int StrandedWithFloorPermille { get; init; } = 1000;

    /// <summary>What an offline sale is worth that only an advance up to the floor lets through, beside one that rights pay, in thousandths.</summary>
    public int FloorWorthPermille { get; init; } = 900;

    /// <summary>By how much a frame about rights must make the next sale more likely to be approved if its store is offline, in thousandths.</summary>
    public int MinGainPermille { get; init; } = 30;

    /// <summary>How bad a decline online is under a floor limit of so much; 0: there is none.</summary>
    public int StrandedUnder(long floorMinor) => floorMinor > 0 ? StrandedWithFloorPermille : StrandedPermille;

    /// <summary>How long a live revoke may take before the till is answered with what there is, milliseconds.</summary>
    public int RevokeDeadlineMs { get; init; } = 600;

    /// <summary>How long a store may keep what it was given for a checkout that is not over, milliseconds; else two tills with one card take it from each other.</summary>
    public int MinHoldMs { get; init; } = 2000;
}
