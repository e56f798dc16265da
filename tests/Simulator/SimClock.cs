namespace SyncHub.Simulator;

/// <summary>A wall clock that the simulator sets; it may jump both ways.</summary>
internal sealed class SimClock : TimeProvider
{
    public long NowMs { get; set; } = 1_750_000_000_000;

    /// <summary>Throws at the read of this number from now on; 0 = never. Nothing else that every turn does can be made to fail from outside.</summary>
    public int BreaksAtRead { get; set; }

    public override DateTimeOffset GetUtcNow()
    {
        if (BreaksAtRead > 0 && --BreaksAtRead == 0)
        {
            throw new ProgramDefect();
        }

        return DateTimeOffset.FromUnixTimeMilliseconds(NowMs);
    }

    public override long GetTimestamp() => NowMs * 10_000;

    public override long TimestampFrequency => 10_000_000;
}
