namespace SyncHub.Hub.Grains;

/// <summary>Posts messages later, by the clock of the process.</summary>
internal sealed class Alarm(GrainDirectory grains, TimeProvider time) : IAlarm
{
    /// <inheritdoc/>
    public void Post(GrainMessage message, int delayMs) => _ = PostAsync(message, delayMs);

    private async Task PostAsync(GrainMessage message, int delayMs)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(delayMs), time).ConfigureAwait(false);
        grains.Post(message);
    }
}
