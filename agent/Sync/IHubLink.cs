using SyncHub.Agent.Engine;
using SyncHub.Core.Primitives;
using SyncHub.Core.Tills;

namespace SyncHub.Agent.Sync;

/// <summary>What a till's call may want of the hub. Never waited for beyond its deadline; null where the hub did not answer in time.</summary>
/// <remarks>Thread rule: any thread.</remarks>
public interface IHubLink
{
    /// <summary>Whether the hub has welcomed this store and is heard.</summary>
    bool IsOnline { get; }

    /// <summary>Whether the hub that is there understands a store that drops its replica of a member.</summary>
    bool HubKnowsUnfollow { get; }

    /// <summary>Since when it is not, Unix milliseconds; 0 while it is.</summary>
    long OfflineSinceMs { get; }

    /// <summary>The hub's newest word on a member, and an allowance for the visit; news without contents where it knows no such member.</summary>
    Task<HubNews?> IdentifyAsync(V1.IdentifyRequest request);

    /// <summary>Rights for a payment: from the hub's free part, and from other stores that are online.</summary>
    Task<HubNews?> AskRightsAsync(MemberId member, IReadOnlyList<GrantTarget> wanted);

    /// <summary>A receipt that a customer handed in here.</summary>
    Task<HubNews?> HandInAsync(V1.OutOfBandOp receipt);

    /// <summary>The right to void or refund an op, for use from a place in this store's log on.</summary>
    Task<HubNews?> AskRefundRightAsync(OpId op, long since);
}
