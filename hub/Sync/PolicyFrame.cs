using Google.Protobuf;
using SyncHub.Core.Primitives;
using SyncHub.V1;

namespace SyncHub.Hub.Sync;

/// <summary>Rules, store names, denials and cashiers as a store receives them: whole, so that the newest frame is all that counts.</summary>
internal static class PolicyFrame
{
    // With rules, cashiers and denials beside them a frame stays below what the smallest agent takes. Names are for people's eyes: a store without one is shown by its number.
    private const int LargestNameBytes = 2 * 1024 * 1024;

    /// <summary>The policy in force at one store.</summary>
    public static HubFrame Of(HubParts parts, StoreId receiver) => Of(parts, receiver, NamesOf(parts));

    private static HubFrame Of(HubParts parts, StoreId receiver, IReadOnlyList<StoreName> names)
    {
        var policy = new PolicyDelta { Version = parts.Stores.Version, RulesetJson = parts.Rules.Json, LeaseMs = parts.LeaseMs };
        policy.Stores.AddRange(names);
        policy.FloorDenied.AddRange(parts.Denials.All().Select(member => ByteString.CopyFrom(member.ToBytes())));
        parts.Pins?.AddTo(policy, receiver.Value);
        return new HubFrame { PolicyDelta = policy };
    }

    /// <summary>Sends each store that is online its policy.</summary>
    public static void SendToAll(HubParts parts)
    {
        var names = NamesOf(parts);
        foreach (var link in parts.Links.All)
        {
            link.Send(Of(parts, link.Store, names));
        }
    }

    private static List<StoreName> NamesOf(HubParts parts)
    {
        var (names, bytes) = (new List<StoreName>(), 0);
        foreach (var store in parts.Stores.All())
        {
            var name = new StoreName { Store = store.Id.Value, Name = store.Name };
            bytes += name.CalculateSize() + 4;
            if (bytes > LargestNameBytes)
            {
                break;
            }

            names.Add(name);
        }

        return names;
    }
}
