using Google.Protobuf;
using SyncHub.V1;

namespace SyncHub.Hub.Sync;

/// <summary>Rules, store names and denials as a store receives them: whole, so that the newest frame is all that counts.</summary>
internal static class PolicyFrame
{
    /// <summary>The policy in force.</summary>
    public static HubFrame Of(HubParts parts)
    {
        var policy = new PolicyDelta { Version = parts.Stores.Version, RulesetJson = parts.Rules.Json, LeaseMs = parts.LeaseMs };
        policy.Stores.AddRange(parts.Stores.All().Select(store => new StoreName { Store = store.Id.Value, Name = store.Name }));
        policy.FloorDenied.AddRange(parts.Denials.All().Select(member => ByteString.CopyFrom(member.ToBytes())));
        return new HubFrame { PolicyDelta = policy };
    }
}
