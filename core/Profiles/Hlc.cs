using SyncHub.Core.Mechanisms;

namespace SyncHub.Core.Profiles;

/// <summary>A hybrid logical clock: the wall clock, and a counter for what happens within one millisecond or while the wall clock stands or goes back.</summary>
/// <remarks>Only profiles are ordered by it, never money. The wall part is in Unix milliseconds.</remarks>
public readonly record struct Hlc(long WallMs, int Counter) : IComparable<Hlc>
{
    /// <summary>How far a store's stamp may lie ahead of the hub's clock before it is clamped: a shop whose clock is wrong must not win for ever.</summary>
    public const long AheadMs = 60_000;

    /// <summary>The stamp of something that happens now, after this one.</summary>
    public Hlc Next(long nowMs) => nowMs > WallMs ? new Hlc(nowMs, 0) : this with { Counter = checked(Counter + 1) };

    /// <summary>What counts at the hub: never later than its own clock at the receipt, and a little.</summary>
    public Hlc Clamped(long receivedAtMs) => WallMs > receivedAtMs + AheadMs && !Switches.IsOff(Mechanism.ClampedStamps) ? new Hlc(receivedAtMs + AheadMs, 0) : this;

    /// <summary>The later of two.</summary>
    public static Hlc Max(Hlc left, Hlc right) => left.CompareTo(right) >= 0 ? left : right;

    /// <inheritdoc/>
    public int CompareTo(Hlc other) => WallMs != other.WallMs ? WallMs.CompareTo(other.WallMs) : Counter.CompareTo(other.Counter);
}
