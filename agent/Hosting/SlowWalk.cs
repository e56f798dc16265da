using Microsoft.Extensions.Logging;
using SyncHub.Agent.Engine;

namespace SyncHub.Agent.Hosting;

/// <summary>Goes slowly and for ever through what a store keeps, a page at a time, so that tills never wait for it: milliseconds every half minute.</summary>
/// <remarks>A page that fails is looked at again. It stops with the agent and begins anew with it.</remarks>
/// <typeparam name="TPlace">Where a walk is.</typeparam>
/// <param name="what">What is looked at, for the log.</param>
/// <param name="start">Where it begins.</param>
/// <param name="page">Looks at the page after a place and says where the next one begins.</param>
/// <param name="interval">Between two pages.</param>
/// <param name="log">Hears of pages that failed.</param>
internal sealed class SlowWalk<TPlace>(string what, TPlace start, Func<TPlace, Task<TPlace>> page, TimeSpan interval, ILogger log) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    public void Start() => _running = RunAsync();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        var place = start;
        using var timer = new PeriodicTimer(interval);
        while (await timer.WaitForNextTickAsync(_stopping.Token))
        {
            try
            {
                place = await page(place);
            }
            catch (Exception fault)
            {
                log.LogWarning("{What} were not looked at, and will be in {Interval}: {Reason}", what, interval, fault.Message);
            }
        }
    }
}
