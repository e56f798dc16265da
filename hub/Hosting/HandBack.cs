using Microsoft.Extensions.Logging;
using SyncHub.Storage;

namespace SyncHub.Hub;

/// <summary>At a hub that leads where another one is preferred: notices when that one has stood by for long enough to be trusted with it.</summary>
/// <remarks>After a machine was away its hubs stand by, and those of the others lead what was theirs: this brings each cell back to its own machine, and the load with it.</remarks>
internal sealed class HandBack : IAsyncDisposable
{
    private const int LeasesToWait = 12; // a minute: a machine that goes up and down takes nothing

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _wanted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _running;

    /// <summary>Looks from now on, once in a lease.</summary>
    public HandBack(HubJournal journal, TimeSpan lease, ILogger log) => _running = RunAsync(journal, lease, log);

    /// <summary>Completes when this hub should let go.</summary>
    public Task Wanted => _wanted.Task;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(HubJournal journal, TimeSpan lease, ILogger log)
    {
        using var timer = new PeriodicTimer(lease);
        var seen = 0;
        while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
        {
            try
            {
                seen = await Task.Run(journal.IsAnotherPreferred).ConfigureAwait(false) ? seen + 1 : 0;
            }
            catch (JournalException)
            {
                seen = 0; // commits say what is wrong with the database
            }

            if (seen == LeasesToWait)
            {
                log.LogInformation("A hub that is preferred has stood by for {Waited}: this one lets go and stands by", LeasesToWait * lease);
                _wanted.TrySetResult();
                return;
            }
        }
    }
}
