namespace SyncHub.Scale;

/// <summary>The state of the chain at one moment.</summary>
/// <param name="AtUs">When.</param>
/// <param name="Offline">Stores without a hub.</param>
/// <param name="Unowned">Partitions that nobody runs.</param>
/// <param name="Backlog">Ops that lie at stores because they are offline or their window is full.</param>
/// <param name="Waiting">Ops in the inboxes of all partitions.</param>
/// <param name="LongestInbox">The most in one of them.</param>
/// <param name="LongestReady">The most pieces of work that wait for a core at one hub.</param>
/// <param name="LongestFeedUs">The longest wait for a database's feed.</param>
/// <param name="Acknowledged">Ops acknowledged since the start.</param>
/// <param name="Connected">Connections that came about since the start.</param>
internal readonly record struct Sample(long AtUs, int Offline, int Unowned, long Backlog, long Waiting, int LongestInbox, int LongestReady, long LongestFeedUs, long Acknowledged, long Connected);
