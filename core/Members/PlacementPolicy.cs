namespace SyncHub.Core.Members;

/// <summary>How rights are spread over stores before anybody needs them (protocol.md 1.5). Configuration; a wrong value costs comfort, never money.</summary>
public sealed record PlacementPolicy
{
    /// <summary>How many of a member's most visited stores hold rights.</summary>
    public int UsualStores { get; init; } = 4;

    /// <summary>The allowance of a usual store, in thousandths of the largest recent basket.</summary>
    public int BasketPermille { get; init; } = 1500;

    /// <summary>The part of the wallet that the most visited store may hold, in thousandths.</summary>
    public int HomePermille { get; init; } = 700;

    /// <summary>A store below this part of its allowance is refilled, in thousandths.</summary>
    public int RefillBelowPermille { get; init; } = 500;

    /// <summary>A store above this part of its allowance is asked to hand the rest back, in thousandths.</summary>
    public int ReturnAbovePermille { get; init; } = 1500;

    /// <summary>How long a live revoke may take before the till is answered with what there is, milliseconds.</summary>
    public int RevokeDeadlineMs { get; init; } = 600;
}
