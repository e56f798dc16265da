using Google.Protobuf;
using SyncHub.Core.Primitives;
using SyncHub.V1;

namespace SyncHub.Hub.Sync;

/// <summary>Rules, store names, denials and cashiers as a store receives them: whole, so that the newest frame is all that counts.</summary>
internal static class PolicyFrame
{
    /// <summary>The policy in force at one store.</summary>
    public static HubFrame Of(HubParts parts, StoreId receiver)
    {
        var policy = new PolicyDelta { Version = parts.Stores.Version, RulesetJson = parts.Rules.Json, LeaseMs = parts.LeaseMs };
        policy.Stores.AddRange(parts.Stores.All().Select(store => new StoreName { Store = store.Id.Value, Name = store.Name }));
        policy.FloorDenied.AddRange(parts.Denials.All().Select(member => ByteString.CopyFrom(member.ToBytes())));
        parts.Pins?.AddTo(policy, receiver.Value);
        return new HubFrame { PolicyDelta = policy };
    }

    /// <summary>Sends each store that is online its policy.</summary>
    public static void SendToAll(HubParts parts)
    {
        foreach (var link in parts.Links.All)
        {
            link.Send(Of(parts, link.Store));
        }
    }
}
