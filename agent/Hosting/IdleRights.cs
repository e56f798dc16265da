using Microsoft.Extensions.Logging;
using SyncHub.Agent.Engine;
using SyncHub.Agent.Sync;

namespace SyncHub.Agent.Hosting;

/// <summary>Looks through the store's members, while there is a hub, and hands back rights of those who no longer come.</summary>
internal static class IdleRights
{
    private const int PageSize = 200;

    public static SlowWalk<byte[]> WalkOver(AgentLoop loop, IHubLink link, int idleDays, TimeSpan interval, ILogger log) => new("Idle rights", [], async after =>
    {
        if (!link.IsOnline)
        {
            return after;
        }

        var reply = await loop.AskAsync(new ReturnIdleRights(loop.NowMs, loop.NowMs - (idleDays * Core.Rules.Calendar.DayMs), after, PageSize));
        return reply.Fault is null ? reply.NextKey ?? [] : after;
    }, interval, log);
}
