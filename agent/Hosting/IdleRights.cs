using Microsoft.Extensions.Logging;
using SyncHub.Agent.Engine;
using SyncHub.Agent.Sync;

namespace SyncHub.Agent.Hosting;

/// <summary>Looks slowly through the store's members, while there is a hub, and hands back rights of those who no longer come.</summary>
/// <remarks>A page at a time, so that tills never wait for it. It stops with the agent and begins anew with it.</remarks>
internal sealed class IdleRights(AgentLoop loop, IHubLink link, int idleDays, TimeProvider time, ILogger log) : IAsyncDisposable
{
    private const int PageSize = 200;
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
        byte[] next = [];
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(_stopping.Token))
        {
            if (link.IsOnline)
            {
                next = await ScanAsync(next);
            }
        }
    }

    private async Task<byte[]> ScanAsync(byte[] after)
    {
        try
        {
            var cutoff = loop.NowMs - (idleDays * Core.Rules.Calendar.DayMs);
            var reply = await loop.AskAsync(new ReturnIdleRights(loop.NowMs, cutoff, after, PageSize));
            return reply.Fault is null ? reply.NextKey ?? [] : after;
        }
        catch (Exception fault)
        {
            log.LogWarning("Idle rights were not looked at, and will be in {Interval}: {Reason}", Interval, fault.Message);
            return after;
        }
    }
}
