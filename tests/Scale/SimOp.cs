using SyncHub.Core.Members;
using SyncHub.Core.Primitives;

namespace SyncHub.Scale;

/// <summary>An op on its way through the hubs.</summary>
/// <param name="Member">Whose it is.</param>
/// <param name="Store">Who waits for the acknowledgement.</param>
/// <param name="Connection">On which of its connections.</param>
/// <param name="SentUs">Since when.</param>
/// <param name="IsForwarded">Whether the hub that took it in passed it on to another one.</param>
internal sealed record SimOp(MemberId Member, int Store, int Connection, long SentUs, bool IsForwarded) : MemberMessage;
