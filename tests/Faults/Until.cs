namespace SyncHub.Faults.Tests;

/// <summary>Waits for something that another process brings about, with a deadline and a name for what was waited for.</summary>
internal static class Until
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3); // a guard against a test that hangs, not a pace
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string> what)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(Between);
        while (!await condition())
        {
            try
            {
                await timer.WaitForNextTickAsync(deadline.Token);
            }
            catch (OperationCanceledException fault)
            {
                throw new TimeoutException($"Waited {Patience} in vain: {what()}", fault);
            }
        }
    }
}
