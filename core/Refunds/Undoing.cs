using SyncHub.Core.Tills;

namespace SyncHub.Core.Refunds;

/// <summary>What the hub found of the op that a void or refund undoes; part of the event, so that replaying needs nothing else.</summary>
/// <param name="Original">The op as its store logged it; null where the hub has no such op.</param>
public sealed record Undoing(OwnOp? Original);
