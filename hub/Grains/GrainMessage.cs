using SyncHub.Core.Members;
using SyncHub.Core.Primitives;
using SyncHub.Core.Protocol;
using SyncHub.Hub.Doors;

namespace SyncHub.Hub.Grains;

/// <summary>A message on its way to a grain; an op comes with its verified place in its store's log.</summary>
internal readonly record struct GrainMessage(MemberId Member, MemberMessage Message, IncomingOp Incoming = default)
{
    /// <summary>The call of HQ's doors that it comes from; null for what stores and the hub itself say.</summary>
    public DoorCall? Call { get; init; }
}

/// <summary>An effect on its way out of a grain.</summary>
internal readonly record struct GrainEffect(MemberId Member, MemberEffect Effect);

/// <summary>Everything decided before a member's turn broke an invariant is durable: it can be read anew.</summary>
internal sealed record RecoveryDue : MemberMessage;
