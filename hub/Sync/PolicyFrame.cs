using SyncHub.V1;

namespace SyncHub.Hub.Sync;

/// <summary>The rules and store names as agents receive them.</summary>
internal static class PolicyFrame
{
    /// <summary>The frame of this moment.</summary>
    public static HubFrame Of(HubParts parts)
    {
        var policy = new PolicyDelta { Version = parts.Stores.Version, RulesetJson = parts.Rules.Json };
        policy.Stores.AddRange(parts.Stores.All().Select(store => new StoreName { Store = store.Id.Value, Name = store.Name }));
        return new HubFrame { PolicyDelta = policy };
    }
}
