using Microsoft.Extensions.Logging;

namespace SyncHub.Hub.Grains;

/// <summary>Runs things on the thread pool, by the clock of the process.</summary>
internal sealed class Schedule(TimeProvider time, ILogger<Schedule> log) : ISchedule
{
    /// <inheritdoc/>
    public void Run(Action action) => RunAfter(0, action);

    /// <inheritdoc/>
    public void RunAfter(int delayMs, Action action) => _ = RunAfterAsync(delayMs, action);

    private async Task RunAfterAsync(int delayMs, Action action)
    {
        if (delayMs > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(delayMs), time).ConfigureAwait(false);
        }
        else
        {
            await Task.Yield();
        }

        try
        {
            action();
        }
        catch (Exception fault)
        {
            log.LogError(fault, "Something that the hub had put off failed: {Reason}", fault.Message);
        }
    }
}
