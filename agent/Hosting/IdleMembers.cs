using Microsoft.Extensions.Logging;
using SyncHub.Agent.Engine;
using SyncHub.Agent.Sync;

namespace SyncHub.Agent.Hosting;

/// <summary>Looks through the members that headquarters tells this store of, while there is a hub, and unfollows those who have not come for long.</summary>
internal static class IdleMembers
{
    private const int PageSize = 200;

    public static SlowWalk<byte[]> WalkOver(AgentLoop loop, IHubLink link, int unfollowDays, TimeSpan interval, ILogger log) => new("Idle members", [], async after =>
    {
        if (!link.HubKnowsUnfollow)
        {
            return after;
        }

        var before = unfollowDays == 0 ? long.MinValue : loop.NowMs - (unfollowDays * Core.Rules.Calendar.DayMs);
        var reply = await loop.AskAsync(new UnfollowIdle(loop.NowMs, before, after, PageSize));
        if (reply.Pruned > 0)
        {
            log.LogInformation("{Count} members had not come for {Days} days and are not followed any more", reply.Pruned, unfollowDays);
        }

        return reply.Fault is null ? reply.NextKey ?? [] : after;
    }, interval, log);
}
