using Microsoft.Extensions.Logging;
using SyncHub.Agent.Engine;

namespace SyncHub.Agent.Hosting;

/// <summary>Goes through what the store keeps beside its log, and deletes what is old and not needed any more.</summary>
internal static class OldRecords
{
    private const int PageSize = 100;

    public static SlowWalk<(int Collection, byte[] After)> WalkOver(AgentLoop loop, int retainDays, TimeSpan interval, ILogger log) => new("Old records", (0, []), async place =>
    {
        var before = loop.NowMs - (retainDays * Core.Rules.Calendar.DayMs);
        var reply = await loop.AskAsync(new PruneOld(loop.NowMs, before, Retention.Collections[place.Collection], place.After, PageSize));
        return reply.Fault is not null ? place : reply.NextKey is { } next ? (place.Collection, next) : ((place.Collection + 1) % Retention.Collections.Count, []);
    }, interval, log);
}
