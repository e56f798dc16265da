namespace SyncHub.Agent.Hosting;

/// <summary>Gives memory back to the machine in the quiet after a burst, such as the drain of a long backlog: an agent shares a till's small computer.</summary>
/// <remarks>The collector keeps what a burst needed in case of the next one. Here the next one is hours away, and a pause now meets nobody.</remarks>
internal sealed class QuietTrim(TimeProvider time) : IAsyncDisposable
{
    private const long QuietBytes = 1024 * 1024;       // allocated in one tick; a till that sells allocates more
    private const long BurstBytes = 32 * QuietBytes;   // allocated since the last trim; less is not worth a collection
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _end = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Starts to watch.</summary>
    public void Start() => _running = RunAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // it ends by being cancelled
        _end.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Tick, time);
        var trimmedAt = 0L;
        for (var before = GC.GetTotalAllocatedBytes(); await timer.WaitForNextTickAsync(_end.Token);)
        {
            var now = GC.GetTotalAllocatedBytes();
            if (now - before < QuietBytes && now - trimmedAt > BurstBytes)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                trimmedAt = now;
            }

            before = now;
        }
    }
}
