using SyncHub.Storage;

namespace SyncHub.Simulator;

/// <content>F1: no mark passes over a change that its store was to hear of.</content>
internal sealed partial class Oracle
{
    private readonly Dictionary<SimAgent, (long Term, long Position)> _marks = [];

    private void CheckFeeds()
    {
        // Two hubs that write to one journal know nothing of each other's records, and no database lets them. Who ceases to follow and begins again holds what he had meanwhile.
        if (world.Hub.Journal.IsClosed || world.Active.HasFlag(Fault.Split) || world.Faults.HasFlag(Fault.Away))
        {
            return;
        }

        var term = world.Hub.Stores.Term;
        foreach (var agent in world.Agents)
        {
            if (agent is not { IsUp: true, IsOnline: true } || agent.Engine.Feed is var feed && (feed.Term != term || feed == _marks.GetValueOrDefault(agent)))
            {
                continue;
            }

            _marks[agent] = feed;
            foreach (var member in world.MemberIds)
            {
                if (agent.Engine.Look(member).Replica is { } replica && replica.HubTerm == term && world.Hub.Peek(member).Followers.Contains(agent.Holder.Store)
                    && world.Hub.Journal.VersionAt(new StreamId(member.Value), feed.Position) is var version && replica.Version < version)
                {
                    throw new Violation("F1", $"store {agent.Number} was told that it has heard of all up to position {feed.Position}; of {member} it has version {replica.Version} and not {version}");
                }
            }
        }
    }
}
