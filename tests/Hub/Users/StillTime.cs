namespace SyncHub.Hub.Tests.Users;

/// <summary>A clock that stands still but for what a test sets it forward by; timers run as ever.</summary>
internal sealed class StillTime : TimeProvider
{
    private long _ticks = new DateTime(2026, 11, 22, 9, 0, 0, DateTimeKind.Utc).Ticks;

    public void Forward(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);
}
