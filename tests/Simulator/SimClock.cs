namespace SyncHub.Simulator;

/// <summary>A wall clock that the simulator sets; it may jump both ways.</summary>
internal sealed class SimClock : TimeProvider
{
    public long NowMs { get; set; } = 1_750_000_000_000;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);

    public override long GetTimestamp() => NowMs * 10_000;

    public override long TimestampFrequency => 10_000_000;
}
