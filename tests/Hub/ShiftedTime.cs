namespace SyncHub.Hub.Tests;

/// <summary>The system's clock, set forward by as much as a test says; timers run as ever.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private long _shiftTicks;

    public void Forward(TimeSpan by) => Interlocked.Add(ref _shiftTicks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _shiftTicks));
}
