using Microsoft.Extensions.Logging;
using SyncHub.Agent.Engine;

namespace SyncHub.Agent.Hosting;

/// <summary>Goes slowly and for ever through what the store keeps beside its log, and deletes what is old and not needed any more.</summary>
/// <remarks>A page at a time, so that tills never wait for it: milliseconds every half minute. It stops with the agent and begins anew with it.</remarks>
internal sealed class OldRecords(AgentLoop loop, int retainDays, TimeProvider time, ILogger log) : IAsyncDisposable
{
    private const int PageSize = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

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
        (int Collection, byte[] After) place = (0, []);
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(_stopping.Token))
        {
            place = await PruneAsync(place.Collection, place.After);
        }
    }

    private async Task<(int Collection, byte[] After)> PruneAsync(int collection, byte[] after)
    {
        try
        {
            var before = loop.NowMs - (retainDays * Core.Rules.Calendar.DayMs);
            var reply = await loop.AskAsync(new PruneOld(loop.NowMs, before, Retention.Collections[collection], after, PageSize));
            return reply.Fault is not null ? (collection, after) : reply.NextKey is { } next ? (collection, next) : ((collection + 1) % Retention.Collections.Count, []);
        }
        catch (Exception fault)
        {
            log.LogWarning("Old records were not looked at, and will be in {Interval}: {Reason}", Interval, fault.Message);
            return (collection, after);
        }
    }
}
